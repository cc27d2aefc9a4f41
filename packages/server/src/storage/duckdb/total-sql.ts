import type { Snapshot } from '../../domain/snapshot.ts'
import type { WithBrought } from '../brought-calendar.ts'
import type { Total, TotalQuery, TotalRow } from '../point-store.ts'
import { totalRow } from '../total-row.ts'
import { Params, type Statement } from './statement.ts'
import type { Rest } from './stored-value.ts'
import { type PartialSum, readValue, summedSql, toPartialSums } from './partial-sums.ts'
import { bucketSql, calendarSql, daySql, visiblePoints, type VisiblePoints, whereOf } from './visible-sql.ts'
import type { SeriesSelection } from './series-selection.ts'

/** A statement and how to read what it answers. */
export interface TotalStatement extends Statement {
  read(rows: readonly (readonly unknown[])[]): Total
}

/**
 * Points are first summed by what is a narrow number (series, time bucket, day), and only those sums meet the texts of
 * the attributes: the points are many, the series few. `widest` says what digits the file's values have.
 */
export function totalSql(
  query: TotalQuery & WithBrought,
  snapshot: Snapshot,
  widest: Rest,
  selection: SeriesSelection | 'all',
): TotalStatement {
  const params = new Params()
  const visible = visiblePoints(query, snapshot, params, selection)
  const groups = toGroups(query, visible.seriesTable, params)
  const scanned = toScanned(visible, groups)
  const partialSums = toPartialSums(query.values, widest, groups.keys.length === 0)

  const columns = [...groups.columns, ...partialSums.map(({ name, again }) => `${again} AS ${name}`)]
  const keyCount = groups.columns.length
  const keys = groups.columns.map((_, i) => i + 1).join(', ')
  const order = groups.order.join(', ')
  const ordered = order && ` ORDER BY ${order}`
  const limit = query.limit === undefined ? '' : ` LIMIT ${params.add(query.limit)}`
  const ctes = [
    ...visible.ctes,
    ...scanned.ctes,
    `summed AS (${summedSql(groups.keys, partialSums, scanned.from, scanned.where)})`,
    `grouped AS MATERIALIZED (SELECT ${columns.join(', ') || '1'} FROM summed${groups.joins('summed.series')}${
      keys ? ` GROUP BY ${keys}` : ' HAVING sum(points) > 0'
    })`,
  ]
  return {
    sql: `WITH ${ctes.join(', ')}
SELECT counted.total, page.* FROM (SELECT count(*) AS total FROM grouped) counted LEFT JOIN (
  SELECT true AS present, * FROM grouped${ordered}${limit} OFFSET ${params.add(query.offset)}) page ON true${ordered}`,
    params: params.list,
    groupsAllSeries: selection === 'all',
    read: (rows) => readTotal(rows, query, keyCount, partialSums),
  }
}

interface Groups {
  /** What the points are summed by. */
  readonly keys: readonly string[]
  /** What the sums are grouped by: `bucket` first if there is one, then g0, g1, ... */
  readonly columns: readonly string[]
  /** Those of them that depend on the series alone, as expressions over `joins`. */
  readonly texts: readonly string[]
  /** What gives the columns their texts, for the series number that an expression says. */
  readonly joins: (series: string) => string
  readonly order: readonly string[]
}

/** What the points are scanned from, and under which conditions. */
interface Scanned {
  readonly ctes: readonly string[]
  readonly from: string
  readonly where: string
}

/**
 * By series and time there are as many sums as points. Then each point's series first gives way to the first series that
 * has the same texts: a join for each point, but far fewer sums.
 */
function toScanned(visible: VisiblePoints, { keys, texts, joins }: Groups): Scanned {
  if (!keys.includes(FIRST_ALIKE)) return { ctes: [], from: visible.from, where: whereOf(visible) }
  const where = visible.series.length > 0 ? ` WHERE ${visible.series.join(' AND ')}` : ''
  return {
    ctes: [
      `alike AS MATERIALIZED (SELECT number AS series, min(number) OVER (PARTITION BY ${texts.join(', ')}) AS first_series
    FROM series${joins('number')}${where})`,
    ],
    from: `${visible.from} JOIN alike ON alike.series = p.series`,
    where: visible.where.join(' AND '),
  }
}

const FIRST_ALIKE = 'alike.first_series AS series'

function toGroups(query: TotalQuery & WithBrought, seriesTable: string, params: Params): Groups {
  const { groupby, buckets } = query
  const timeKeys: string[] = []
  const columns: string[] = []
  const texts = new Set<string>()
  const joined: ((series: string) => string)[] = []
  if (buckets) {
    timeKeys.push(`${bucketSql(buckets, params)} AS bucket`)
    columns.push('bucket')
  }
  if (groupby.some(({ by }) => by === 'calendar')) timeKeys.push(`${daySql(query, params)} AS day`)
  if (groupby.some(({ by }) => by === 'type' || by === 'unit')) {
    joined.push((series) => (series === 'number' ? '' : ` JOIN ${seriesTable} ON series.number = ${series}`))
  }
  for (const [i, grouping] of groupby.entries()) {
    const { by } = grouping
    if (by === 'type' || by === 'unit') {
      texts.add(`series.${by}`)
      columns.push(`series.${by} AS g${i}`)
      continue
    }
    const calendar = by === 'calendar' ? calendarSql(grouping.name, 'day') : undefined
    if (by === 'calendar' && !query.brought?.has(grouping.name)) {
      columns.push(`${calendar} AS g${i}`)
      continue
    }
    const text = `coalesce(a${i}.value, '')`
    texts.add(text)
    // What a series has of its own stands before what its points' begins say.
    columns.push(calendar === undefined ? `${text} AS g${i}` : `coalesce(a${i}.value, ${calendar}) AS g${i}`)
    const named = params.add(grouping.name)
    joined.push(
      (series) => ` LEFT JOIN (SELECT series, value FROM attributes WHERE name = ${named}) a${i}
    ON a${i}.series = ${series}`,
    )
  }
  const seriesKeys = texts.size === 0 ? [] : [timeKeys.length > 0 ? FIRST_ALIKE : 'p.series']
  const order = groupby.map((_, i) => `g${i}`)
  return {
    keys: [...timeKeys, ...seriesKeys],
    columns,
    texts: [...texts],
    joins: (series) => joined.map((join) => join(series)).join(''),
    order: buckets ? [...order, 'bucket'] : order,
  }
}

function readTotal(
  rows: readonly (readonly unknown[])[],
  query: TotalQuery,
  keyCount: number,
  partialSums: readonly PartialSum[],
): Total {
  const at = new Map(partialSums.map(({ name }, i) => [name, 2 + keyCount + i]))
  const toRow = (row: readonly unknown[]): TotalRow => {
    const cell = (name: string) => row[at.get(name) ?? -1]
    const bucket = query.buckets ? Number(row[2]) : query.begin
    const groups = row.slice(query.buckets ? 3 : 2, 2 + keyCount) as string[]
    return totalRow(query, bucket, groups, (value) => readValue(value, cell))
  }
  return { total: Number(rows[0]?.[0] ?? 0n), rows: rows.filter((row) => row[1] === true).map(toRow) }
}
