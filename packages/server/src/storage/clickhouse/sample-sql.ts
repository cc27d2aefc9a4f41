import { type Decimal, decimal, power10 } from '../../domain/decimal.ts'
import { type Exact, Fraction } from '../../domain/fraction.ts'
import type { SampleQuery, SampleValue } from '../../domain/sample.ts'
import type { Snapshot } from '../../domain/snapshot.ts'
import { unreachable } from '../../lib/unreachable.ts'
import { Params, type Statement } from './statement.ts'
import type { Tables } from './tables.ts'
import { visibleBatches } from './visible-sql.ts'

export interface SampleStatement extends Statement {
  read(rows: readonly (readonly unknown[])[]): SampleValue[]
}

/** Undefined when the question can have no answer: no scopes, or no periods. */
export function samplesSql(query: SampleQuery, snapshot: Snapshot, tables: Tables): SampleStatement | undefined {
  const [first] = query.periods
  const last = query.periods.at(-1)
  if (!first || !last || query.scopes.length === 0) return undefined

  const params = new Params()
  const begin = params.add(first.begin)
  const end = params.add(last.end)
  const length = params.add(first.end - first.begin)
  const wanted = wantedSql(query, params, tables)
  const visible = visibleBatches('x', snapshot, params).join(' AND ')
  const inRange = `x.instant >= ${begin} AND x.instant < ${end}`
  const labels = query.labels.map((_, i) => `w.label${i} AS label${i}`)
  const grouped = ['period', ...query.labels.map((_, i) => `label${i}`)].join(', ')
  const isWeighted = query.method === 'time_weighted_mean'

  const of = `x.name = ${params.add(query.name)} AND x.series IN (SELECT series FROM ${wanted})`
  // Of several samples of a series at one instant the one pushed last counts.
  const readings = `SELECT x.series AS series, x.instant AS instant, tupleElement(max((x.batch, x.value)), 2) AS value
  FROM ${tables.samples} AS x WHERE ${of} AND ${inRange} AND ${visible} GROUP BY x.series, x.instant`
  const carried = `SELECT x.series AS series, max(x.instant) AS at, tupleElement(max((x.instant, x.batch, x.value)), 3) AS value
  FROM ${tables.samples} AS x WHERE ${of} AND x.instant < ${begin} AND ${visible} GROUP BY x.series`
  const window = `OVER (PARTITION BY series ORDER BY instant ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)`
  const placed = `SELECT series, instant, value, intDiv(instant - ${begin}, ${length}) AS period,
    ${begin} + period * ${length} AS period_begin,
    lagInFrame(toNullable(instant)) ${window} AS instant_before, lagInFrame(toNullable(value)) ${window} AS value_before,
    leadInFrame(toNullable(instant)) ${window} AS instant_after
  FROM (${readings} UNION ALL SELECT series, at AS instant, value FROM (${carried}))`
  // Each reading holds until the next one or the period's end; the one before it, from the period's begin.
  const held = `SELECT series, period, toDecimal256(value, 18) * (least(ifNull(instant_after, ${end}), period_begin + ${length}) - instant)
    + if(ifNull(instant_before < period_begin, 0), toDecimal256(ifNull(value_before, 0), 18) * (instant - period_begin), 0) AS area
  FROM (${placed}) WHERE instant >= ${begin}`

  const from = isWeighted ? `(${held}) AS x` : `${tables.samples} AS x`
  const where = isWeighted ? '' : ` WHERE ${of} AND ${inRange} AND ${visible}`
  const period = isWeighted ? 'x.period' : `intDiv(x.instant - ${begin}, ${length})`
  return {
    sql: `SELECT ${METHODS[query.method]}, count(), ${[`${period} AS period`, ...labels].join(', ')}
FROM ${from} INNER JOIN ${wanted} AS w ON w.series = x.series${where}
GROUP BY ${grouped} ORDER BY ${grouped}`,
    params: params.list,
    read: (rows) =>
      rows.map((row) => {
        const at = query.periods[Number(row[2])]
        if (!at) throw new Error('the sample periods are not consecutive or not of equal length')
        const value = readValue(query, decimal(row[0] as string), BigInt(row[1] as string))
        return { period: at, labels: row.slice(3) as string[], value }
      }),
  }
}

const METHODS = {
  sum: 'toString(sum(toDecimal256(x.value, 18)))',
  max: 'toString(max(x.value))',
  mean: 'toString(sum(toDecimal256(x.value, 18)))',
  last: 'toString(tupleElement(max((x.instant, x.batch, x.value)), 3))',
  time_weighted_mean: 'toString(sum(x.area))',
} as const

function readValue({ method, periods }: SampleQuery, value: Decimal, count: bigint): Exact {
  const over = (divisor: bigint) => new Fraction(value.coefficient, divisor * power10(value.scale))
  switch (method) {
    case 'sum':
    case 'max':
    case 'last':
      return value
    case 'mean':
      return over(count)
    case 'time_weighted_mean':
      return over(BigInt(periods[0]!.end - periods[0]!.begin))
    default:
      return unreachable(method)
  }
}

/** The series of the name and the scopes, each once, with the labels they are grouped by. */
function wantedSql({ name, labels, scopeKey, scopes }: SampleQuery, params: Params, tables: Tables): string {
  const columns = labels.map((label, i) => `, labels[${params.add(label)}] AS label${i}`).join('')
  const scope = `labels[${params.add(scopeKey)}]`
  return `(SELECT id AS series${columns} FROM ${tables.sampleSeries}
  WHERE name = ${params.add(name)} AND ${scope} <> '' AND ${scope} IN ${params.texts(scopes)} LIMIT 1 BY id)`
}

/** Distinct values of a label among the visible samples. */
export function sampleScopesSql(scopeKey: string, snapshot: Snapshot, tables: Tables): Statement {
  const params = new Params()
  const label = `labels[${params.add(scopeKey)}]`
  return {
    sql: `SELECT DISTINCT ${label} AS value FROM ${tables.sampleSeries} WHERE value <> ''
  AND id IN (SELECT x.series FROM ${tables.samples} AS x WHERE ${visibleBatches('x', snapshot, params).join(' AND ')})
ORDER BY value`,
    params: params.list,
  }
}

/** How many visible samples there are, and the instant of the first. */
export function firstSampleSql(snapshot: Snapshot, tables: Tables): Statement {
  const params = new Params()
  const visible = visibleBatches('x', snapshot, params).join(' AND ')
  return { sql: `SELECT count(), min(x.instant) FROM ${tables.samples} AS x WHERE ${visible}`, params: params.list }
}
