import { Decimal, power10, STORED_SCALE } from '../../domain/decimal.ts'
import { type Exact, Fraction } from '../../domain/fraction.ts'
import type { SampleQuery, SampleValue } from '../../domain/sample.ts'
import type { Snapshot } from '../../domain/snapshot.ts'
import { unreachable } from '../../lib/unreachable.ts'
import { Params, type Statement } from './statement.ts'
import { visibleBatches } from './visible-sql.ts'

export interface SampleStatement extends Statement {
  read(rows: readonly (readonly unknown[])[]): SampleValue[]
}

/** Undefined when the question can have no answer: no scopes, or no periods. */
export function samplesSql(query: SampleQuery, snapshot: Snapshot): SampleStatement | undefined {
  const [first] = query.periods
  const last = query.periods.at(-1)
  if (!first || !last || query.scopes.length === 0) return undefined

  const params = new Params()
  const begin = params.add(first.begin)
  const end = params.add(last.end)
  const length = params.add(first.end - first.begin)
  const selection = wantedSql(query, params)
  const visible = visibleBatches('x', snapshot, params).join(' AND ')
  const of = 'x.series IN (SELECT series FROM selection)'
  const inRange = `x.instant >= ${begin} AND x.instant < ${end}`
  const labels = query.labels.map((_, i) => `label${i}`)
  const grouped = ['period', ...labels].join(', ')

  const [ctes, columns] =
    query.method === 'time_weighted_mean'
      ? [
          // Of several samples of a series at one instant the one pushed last counts.
          [
            `readings AS (SELECT x.series, x.instant, max({'batch': x.batch, 'value': x.value}).value AS value
  FROM samples x WHERE ${of} AND ${inRange} AND ${visible} GROUP BY x.series, x.instant)`,
            `carried AS (SELECT x.series, max({'instant': x.instant, 'batch': x.batch, 'value': x.value}) AS latest
  FROM samples x WHERE x.series IN (SELECT series FROM readings) AND x.instant < ${begin} AND ${visible} GROUP BY x.series)`,
            `timeline AS (SELECT series, instant, value FROM readings
  UNION ALL SELECT series, latest.instant, latest.value FROM carried)`,
            `placed AS (SELECT series, instant, value, (instant - ${begin}) // ${length} AS period,
    ${begin} + (instant - ${begin}) // ${length} * ${length} AS period_begin,
    lag(instant) OVER w AS instant_before, lag(value) OVER w AS value_before, lead(instant) OVER w AS instant_after
  FROM timeline WINDOW w AS (PARTITION BY series ORDER BY instant))`,
            // Each reading holds until the next one or the period's end; the one before it, from the period's begin.
            `held AS (SELECT series, period, value, least(coalesce(instant_after, ${end}), period_begin + ${length}) - instant AS seconds
  FROM placed WHERE instant >= ${begin}
  UNION ALL SELECT series, period, value_before, instant - period_begin
  FROM placed WHERE instant >= ${begin} AND instant_before < period_begin)`,
            `grouped AS (SELECT ${grouped}, sum(value // ${UNIT} * seconds) AS v0, sum(value % ${UNIT} * seconds) AS v1
  FROM held JOIN selection USING (series) GROUP BY ${grouped})`,
          ],
          2,
        ]
      : [
          [
            `grouped AS (SELECT (x.instant - ${begin}) // ${length} AS period${labels.map((label) => `, ${label}`).join('')}, ${METHODS[query.method]}
  FROM samples x JOIN selection USING (series) WHERE ${inRange} AND ${visible} GROUP BY ${grouped})`,
          ],
          query.method === 'mean' ? 2 : 1,
        ]
  const values = ['v0', 'v1'].slice(0, columns)
  return {
    sql: `WITH ${[selection, ...ctes].join(',\n')}
SELECT ${[...values, grouped].join(', ')} FROM grouped ORDER BY ${grouped}`,
    params: params.list,
    read: (rows) =>
      rows.map((row) => {
        const period = query.periods[Number(row[columns])]
        if (!period) throw new Error('the sample periods are not consecutive or not of equal length')
        return { period, labels: row.slice(columns + 1) as string[], value: readValue(query, row) }
      }),
  }
}

const UNIT = 'CAST(1000000000000000000 AS HUGEINT)'

const METHODS = {
  sum: 'sum(x.value) AS v0',
  max: 'max(x.value) AS v0',
  mean: 'sum(x.value) AS v0, count(*) AS v1',
  last: "max({'instant': x.instant, 'batch': x.batch, 'value': x.value}).value AS v0",
} as const

function readValue({ method, periods }: SampleQuery, row: readonly unknown[]): Exact {
  const value = row[0] as bigint
  switch (method) {
    case 'sum':
    case 'max':
    case 'last':
      return new Decimal(value, STORED_SCALE)
    case 'mean':
      return new Fraction(value, (row[1] as bigint) * power10(STORED_SCALE))
    case 'time_weighted_mean': {
      const seconds = BigInt(periods[0]!.end - periods[0]!.begin)
      const held = value * power10(STORED_SCALE) + (row[1] as bigint)
      return new Fraction(held, seconds * power10(STORED_SCALE))
    }
    default:
      return unreachable(method)
  }
}

/** The series of the name and the scopes, with the labels they are grouped by. */
function wantedSql({ name, labels, scopeKey, scopes }: SampleQuery, params: Params): string {
  const columns = labels.map((_, i) => `, coalesce(l${i}.value, '') AS label${i}`).join('')
  const joins = labels
    .map(
      (label, i) => ` LEFT JOIN (SELECT series, value FROM sample_labels WHERE name = ${params.add(label)}) l${i}
    ON l${i}.series = s.number`,
    )
    .join('')
  return `selection AS MATERIALIZED (SELECT s.number AS series${columns} FROM sample_series s${joins}
  WHERE s.name = ${params.add(name)} AND s.number IN (SELECT series FROM sample_labels
    WHERE name = ${params.add(scopeKey)} AND list_contains(${params.texts(scopes)}, value)))`
}

/** Distinct values of a label among the visible samples. */
export function sampleScopesSql(scopeKey: string, snapshot: Snapshot): Statement {
  const params = new Params()
  return {
    sql: `SELECT DISTINCT value FROM sample_labels WHERE name = ${params.add(scopeKey)} AND value <> ''
  AND series IN (SELECT x.series FROM samples x WHERE ${visibleBatches('x', snapshot, params).join(' AND ')})
ORDER BY value`,
    params: params.list,
  }
}

export function firstSampleSql(snapshot: Snapshot): Statement {
  const params = new Params()
  return {
    sql: `SELECT min(x.instant) FROM samples x WHERE ${visibleBatches('x', snapshot, params).join(' AND ')}`,
    params: params.list,
  }
}
