import { Decimal, divideRounded, STORED_SCALE } from '../../domain/decimal.ts'
import type { Snapshot } from '../../domain/snapshot.ts'
import { unreachable } from '../../lib/unreachable.ts'
import {
  type Grouping,
  isCalendar,
  type Total,
  type TotalQuery,
  type TotalRow,
  type ValueField,
} from '../point-store.ts'
import { totalRow, VALUE_COLUMNS } from '../total-row.ts'
import { Params, type Statement } from './statement.ts'
import { exactSql, REST, type Rest, toUnits } from './stored-value.ts'
import { bucketBegin, bucketSql, calendarSql, DAY, visiblePoints, type VisiblePoints, whereOf } from './visible-sql.ts'
import type { WantedSeries } from './wanted-series.ts'

/** A statement and how to read what it answers. */
export interface TotalStatement extends Statement {
  read(rows: readonly (readonly unknown[])[]): Total
}

/**
 * Points are first summed by what is a narrow number (series, time bucket, day), and only those sums meet the texts of
 * the attributes: the points are many, the series few. What nine digits do not hold is summed by scans of its own, over
 * the row groups that have such values; `widest` says which of these scans the file needs at all.
 */
export function totalSql(query: TotalQuery, snapshot: Snapshot, widest: Rest, wanted?: WantedSeries): TotalStatement {
  const params = new Params()
  const visible = visiblePoints(query, snapshot, params, wanted)
  const groups = toGroups(query.groupby, visible.seriesTable, params)
  const scanned = toScanned(visible, groups)
  const partials = toPartials(query.values, widest, groups.keys.length === 0)

  const scans = [REST.none, REST.atto, REST.high]
    .map((rest) => ({ rest, columns: partials.filter((partial) => partial.scan === rest) }))
    .filter(({ rest, columns }) => rest === REST.none || columns.length > 0)
    .map(({ rest, columns }) => {
      const selected = [...groups.keys, ...columns.map(({ name, points }) => `${points} AS ${name}`)]
      const where = rest === REST.none ? scanned.where : `${scanned.where} AND p.rest >= ${rest}`
      const keys = groups.keys.map((_, i) => i + 1).join(', ')
      return `SELECT ${selected.join(', ') || '1'} FROM ${scanned.from} WHERE ${where}${keys && ` GROUP BY ${keys}`}`
    })

  const columns = [...groups.columns, ...partials.map(({ name, again }) => `${again} AS ${name}`)]
  const keyCount = groups.columns.length
  const keys = groups.columns.map((_, i) => i + 1).join(', ')
  const order = groups.order.join(', ')
  const ordered = order && ` ORDER BY ${order}`
  const limit = query.limit === undefined ? '' : ` LIMIT ${params.add(query.limit)}`
  const ctes = [
    ...visible.ctes,
    ...scanned.ctes,
    `summed AS (${scans.join(' UNION ALL BY NAME ')})`,
    `grouped AS MATERIALIZED (SELECT ${columns.join(', ') || '1'} FROM summed${groups.joins('summed.series')}${
      keys ? ` GROUP BY ${keys}` : ' HAVING sum(points) > 0'
    })`,
  ]
  return {
    sql: `WITH ${ctes.join(', ')}
SELECT counted.total, page.* FROM (SELECT count(*) AS total FROM grouped) counted LEFT JOIN (
  SELECT true AS present, * FROM grouped${ordered}${limit} OFFSET ${params.add(query.offset)}) page ON true${ordered}`,
    params: params.list,
    groupsAllSeries: wanted === undefined,
    read: (rows) => readTotal(rows, query, keyCount, partials),
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

function toGroups(groupby: readonly Grouping[], seriesTable: string, params: Params): Groups {
  const timeKeys: string[] = []
  const columns: string[] = []
  const texts = new Set<string>()
  const joined: ((series: string) => string)[] = []
  const bucket = groupby.find((grouping) => grouping.by === 'time')
  if (bucket) {
    timeKeys.push(`${bucketSql(bucket.seconds, params)} AS bucket`)
    columns.push('bucket')
  }
  const names = groupby.flatMap((grouping) =>
    grouping.by === 'time' ? [] : [grouping.by === 'type' ? 'type' : grouping.name],
  )
  if (names.some(isCalendar)) timeKeys.push(`${DAY} AS day`)
  if (names.includes('type') || names.includes('unit')) {
    joined.push((series) => (series === 'number' ? '' : ` JOIN ${seriesTable} ON series.number = ${series}`))
  }
  for (const [i, name] of names.entries()) {
    if (isCalendar(name)) {
      columns.push(`${calendarSql(name, 'day')} AS g${i}`)
      continue
    }
    const text = name === 'type' || name === 'unit' ? `series.${name}` : `coalesce(a${i}.value, '')`
    texts.add(text)
    columns.push(`${text} AS g${i}`)
    if (name === 'type' || name === 'unit') continue
    const named = params.add(name)
    joined.push(
      (series) => ` LEFT JOIN (SELECT series, value FROM attributes WHERE name = ${named}) a${i}
    ON a${i}.series = ${series}`,
    )
  }
  const seriesKeys = texts.size === 0 ? [] : [timeKeys.length > 0 ? FIRST_ALIKE : 'p.series']
  const order = names.map((_, i) => `g${i}`)
  return {
    keys: [...timeKeys, ...seriesKeys],
    columns,
    texts: [...texts],
    joins: (series) => joined.map((join) => join(series)).join(''),
    order: bucket ? [...order, 'bucket'] : order,
  }
}

/** A column that is computed from points, and once more from what that gave. */
interface Partial {
  readonly name: string
  readonly scan: Rest
  readonly points: string
  readonly again: string
}

function toPartials(values: readonly ValueField[], widest: Rest, alone: boolean): Partial[] {
  const partials = new Map<string, Partial>()
  const put = (name: string, scan: Rest, points: string, again: string) =>
    partials.set(name, { name, scan, points, again })
  // Without groups a sum over nothing would be a row like any other.
  if (alone) put('points', REST.none, 'count(*)', 'sum(points)')
  for (const value of values) {
    const column = VALUE_COLUMNS[value.column]
    switch (value.function) {
      case 'count':
        put('points', REST.none, 'count(*)', 'sum(points)')
        break
      case 'mean':
      case 'sum':
        if (value.function === 'mean') put('points', REST.none, 'count(*)', 'sum(points)')
        put(`${column}_nano`, REST.none, `sum(p.${column})`, `sum(${column}_nano)`)
        if (widest >= REST.atto) put(`${column}_atto`, REST.atto, `sum(p.${column}_atto)`, `sum(${column}_atto)`)
        if (widest >= REST.high) put(`${column}_high`, REST.high, `sum(p.${column}_high)`, `sum(${column}_high)`)
        break
      case 'min':
      case 'max': {
        const name = `${column}_${value.function}`
        put(name, REST.none, `${value.function}(${exactSql(column)})`, `${value.function}(${name})`)
        break
      }
      case 'first':
      case 'last': {
        const name = `${column}_${value.function}`
        const pick = value.function === 'first' ? 'min' : 'max'
        put(name, REST.none, `${pick}({'at': p.begin_at, 'value': ${exactSql(column)}})`, `${pick}(${name})`)
        break
      }
      default:
        unreachable(value.function)
    }
  }
  return [...partials.values()]
}

function readTotal(
  rows: readonly (readonly unknown[])[],
  query: TotalQuery,
  keyCount: number,
  partials: readonly Partial[],
): Total {
  const time = query.groupby.find((grouping) => grouping.by === 'time')
  const at = new Map(partials.map(({ name }, i) => [name, 2 + keyCount + i]))
  const toRow = (row: readonly unknown[]): TotalRow => {
    const cell = (name: string) => row[at.get(name) ?? -1]
    const bucket = time ? bucketBegin(row[2] as bigint, time.seconds) : query.begin
    const groups = row.slice(time ? 3 : 2, 2 + keyCount) as string[]
    return totalRow(query, bucket, groups, (value) => readValue(value, cell))
  }
  return { total: Number(rows[0]?.[0] ?? 0n), rows: rows.filter((row) => row[1] === true).map(toRow) }
}

function readValue(value: ValueField, cell: (name: string) => unknown): Decimal {
  const column = VALUE_COLUMNS[value.column]
  const part = (name: string) => (cell(name) as bigint | null | undefined) ?? 0n
  const sum = () => toUnits(part(`${column}_nano`), part(`${column}_atto`), part(`${column}_high`))
  switch (value.function) {
    case 'count':
      return new Decimal(part('points'), 0)
    case 'sum':
      return new Decimal(sum(), STORED_SCALE)
    case 'mean':
      return new Decimal(divideRounded(sum(), part('points')), STORED_SCALE)
    case 'min':
    case 'max':
      return new Decimal(part(`${column}_${value.function}`), STORED_SCALE)
    case 'first':
    case 'last': {
      const picked = cell(`${column}_${value.function}`) as { entries: { value: bigint } }
      return new Decimal(picked.entries.value, STORED_SCALE)
    }
    default:
      return unreachable(value.function)
  }
}
