import { Decimal, decimal, divideRounded, rescale, STORED_SCALE } from '../../domain/decimal.ts'
import type { Snapshot } from '../../domain/snapshot.ts'
import { unreachable } from '../../lib/unreachable.ts'
import type { WithBrought } from '../brought-calendar.ts'
import type { Total, TotalQuery, TotalRow, ValueField } from '../point-store.ts'
import { totalRow, VALUE_COLUMNS } from '../total-row.ts'
import { Params, type Statement } from './statement.ts'
import type { Tables } from './tables.ts'
import { bucketSql, calendarSql, daySql, visiblePoints, type VisiblePoints } from './visible-sql.ts'

/** A statement and how to read what it answers. */
export interface TotalStatement extends Statement {
  read(rows: readonly (readonly unknown[])[]): Total
}

/**
 * Points are first summed by what is narrow (series, type, time bucket, day), and only those sums meet the texts of the
 * attributes: the points are many, the series few. With time among the groups there would be about as many sums as points:
 * the texts are then put to the points at once. Sums are 256 bits wide, so that none overflows.
 */
export function totalSql(query: TotalQuery & WithBrought, snapshot: Snapshot, tables: Tables): TotalStatement {
  const params = new Params()
  const visible = visiblePoints(query, snapshot, params, tables)
  const groups = toGroups(query, visible, params, tables)
  const partials = toPartials(query.values)
  const selected = [...groups.keys, ...partials.map(({ points }, i) => `${points} AS i${i}`)]
  const keys = groups.keys.map((_, i) => i + 1).join(', ')
  const summed = `SELECT ${selected.join(', ')}
FROM ${visible.from}${groups.joinPoints} WHERE ${visible.where}${keys && ` GROUP BY ${keys}`}`

  const columns = [...groups.columns, ...partials.map(({ again }, i) => `${again(`i${i}`)} AS v${i}`)]
  const columnKeys = groups.columns.map((_, i) => i + 1).join(', ')
  const order = groups.order.join(', ')
  const limit = query.limit === undefined ? '' : ` LIMIT ${params.add(query.limit)}`
  const read = partials.map(({ text }, i) => text(`v${i}`))
  return {
    sql: `SELECT ${['count() OVER ()', ...groups.read, ...read].join(', ')} FROM (
SELECT ${columns.join(', ')} FROM (
${summed}
) AS s${groups.joinSums} ${columnKeys ? `GROUP BY ${columnKeys}` : 'HAVING sum(s.i0) > 0'}
)${order && ` ORDER BY ${order}`}${limit} OFFSET ${params.add(query.offset)}`,
    params: params.list,
    read: (rows) => readTotal(rows, query, groups.read.length, partials),
  }
}

interface Groups {
  /** What the points are summed by. */
  readonly keys: readonly string[]
  /** What gives the points the texts among the keys. */
  readonly joinPoints: string
  /** What gives the sums `s` the texts of the columns. */
  readonly joinSums: string
  /** What the sums are grouped by: `bucket` first if there is one, then g0, g1, ... */
  readonly columns: readonly string[]
  readonly order: readonly string[]
  /** The columns as they are read. */
  readonly read: readonly string[]
}

function toGroups(query: TotalQuery & WithBrought, visible: VisiblePoints, params: Params, tables: Tables): Groups {
  const { groupby, buckets } = query
  const keys = new Map<string, string>()
  const columns: string[] = []
  const joins: ((series: string) => string)[] = []
  if (buckets) {
    keys.set('bucket', bucketSql(buckets, params))
    columns.push('s.bucket AS bucket')
  }
  if (groupby.some(({ by }) => by === 'calendar')) keys.set('day', daySql(query, params))
  const isTimed = keys.size > 0
  for (const [i, grouping] of groupby.entries()) {
    const { by } = grouping
    const calendar = by === 'calendar' ? calendarSql(grouping.name, 's.day') : undefined
    if (by === 'calendar' && !query.brought?.has(grouping.name)) columns.push(`${calendar} AS g${i}`)
    else if (by === 'type' || by === 'unit') {
      keys.set(by, `p.${by}`)
      columns.push(`s.${by} AS g${i}`)
    } else {
      const ofSeries = visible.ofSeries && ` AND ${visible.ofSeries}`
      const values = `(SELECT p.series AS series, p.value AS value FROM ${tables.attributes} AS p
  WHERE p.name = ${params.add(grouping.name)}${ofSeries})`
      joins.push((series) => ` ANY LEFT JOIN ${values} AS a${i} ON a${i}.series = ${series}`)
      if (isTimed) keys.set(`t${i}`, `a${i}.value`)
      else keys.set('series', 'p.series')
      const text = isTimed ? `s.t${i}` : `a${i}.value`
      // What a series has of its own stands before what its points' begins say.
      columns.push(`${calendar === undefined ? text : `if(${text} = '', ${calendar}, ${text})`} AS g${i}`)
    }
  }
  const order = groupby.map((_, i) => `g${i}`)
  return {
    keys: [...keys].map(([name, sql]) => `${sql} AS ${name}`),
    joinPoints: isTimed ? joins.map((join) => join('p.series')).join('') : '',
    joinSums: isTimed ? '' : joins.map((join) => join('s.series')).join(''),
    columns,
    order: buckets ? [...order, 'bucket'] : order,
    read: buckets ? ['bucket', ...order] : order,
  }
}

/** A column that is computed from points, once more from what that gave, and read as text. */
interface PartialSum {
  readonly name: string
  readonly points: string
  readonly again: (column: string) => string
  readonly text: (column: string) => string
}

function toPartials(values: readonly ValueField[]): PartialSum[] {
  const partials = new Map<string, PartialSum>()
  const put = (name: string, points: string, again: string, text = (column: string) => `toString(${column})`) =>
    partials.set(name, { name, points, again: (column) => `${again}(s.${column})`, text })
  // Always, and first: without groups a sum over nothing would be a row like any other.
  put('points', 'count()', 'sum')
  for (const value of values) {
    const column = VALUE_COLUMNS[value.column]
    switch (value.function) {
      case 'count':
        break
      case 'mean':
      case 'sum':
        put(`${column}_sum`, `sum(toDecimal256(p.${column}, 18))`, 'sum')
        break
      case 'min':
      case 'max':
        put(`${column}_${value.function}`, `${value.function}(p.${column})`, value.function)
        break
      case 'first':
      case 'last': {
        const pick = value.function === 'first' ? 'min' : 'max'
        const text = (name: string) => `toString(tupleElement(${name}, 2))`
        put(`${column}_${value.function}`, `${pick}((p.begin_at, p.${column}))`, pick, text)
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
  groupCount: number,
  partials: readonly PartialSum[],
): Total {
  const texts = query.buckets ? 2 : 1
  const at = new Map(partials.map(({ name }, i) => [name, 1 + groupCount + i]))
  const toRow = (row: readonly unknown[]): TotalRow => {
    const cell = (name: string) => decimal(row[at.get(name)!] as string)
    const groups = row.slice(texts, 1 + groupCount) as string[]
    return totalRow(query, Number(row[1]), groups, (value) => readValue(value, cell))
  }
  return { total: Number(rows[0]?.[0] ?? 0), rows: rows.map(toRow) }
}

function readValue(value: ValueField, cell: (name: string) => Decimal): Decimal {
  const column = VALUE_COLUMNS[value.column]
  if (value.function === 'count') return cell('points')
  if (value.function !== 'mean') return cell(`${column}_${value.function}`)
  const sum = rescale(cell(`${column}_sum`), STORED_SCALE)
  return new Decimal(divideRounded(sum, cell('points').coefficient), STORED_SCALE)
}
