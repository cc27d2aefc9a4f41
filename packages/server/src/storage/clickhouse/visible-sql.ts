import { type Calendar, isCalendar } from '../../domain/calendar.ts'
import { hiddenBelow, OPEN_END, type Snapshot, type Tombstone, tombstonesWithin } from '../../domain/snapshot.ts'
import { UTC } from '../../domain/time-zone.ts'
import { unreachable } from '../../lib/unreachable.ts'
import { offsetSql } from '../offset-sql.ts'
import type { WithBrought } from '../brought-calendar.ts'
import type { TimeBuckets } from '../grouping.ts'
import type { PointFilter } from '../point-store.ts'
import { Params, type Statement } from './statement.ts'
import type { Tables } from './tables.ts'

/** `points p` as a query may see it. */
export interface VisiblePoints {
  readonly from: string
  readonly where: string
  /** Those of the conditions that hold for rows of `attributes p` as well as for points; empty if there are none. */
  readonly ofSeries: string
}

/** The points of the snapshot that the filter lets through. What does not apply leaves no trace in the SQL. */
export function visiblePoints(
  filter: PointFilter & WithBrought,
  snapshot: Snapshot,
  params: Params,
  tables: Tables,
): VisiblePoints {
  const range = `p.begin_at >= ${params.add(filter.begin)} AND p.begin_at < ${params.add(filter.end)}`
  const where = [range, ...visibleBatches('p', snapshot, params)]
  const { ofKind, ofSeries } = seriesConditions(filter, params, tables)
  where.push(...ofKind)
  for (const [name, values] of filter.attributes) {
    if (!isCalendar(name)) continue
    const byBegin = calendarCondition(name, values, filter, range, params, tables)
    where.push(filter.brought?.has(name) ? broughtCondition(name, values, byBegin, params, tables) : byBegin)
  }
  where.push(...ofSeries)
  const tombstones = tombstonesWithin(snapshot, filter)
  if (tombstones.length > 0) where.push(`NOT ${BURIED}`)
  return {
    from: `${tables.points} AS p${tombstones.length > 0 ? joinTombstones(tombstones, params) : ''}`,
    where: where.join(' AND '),
    ofSeries: ofSeries.join(' AND '),
  }
}

/** What the filter says of the series `p`: of its type and unit, and of its attributes. */
function seriesConditions(
  filter: PointFilter,
  params: Params,
  tables: Tables,
): { readonly ofKind: readonly string[]; readonly ofSeries: readonly string[] } {
  const ofKind = filter.types.length > 0 ? [`p.type IN ${params.texts(filter.types)}`] : []
  const ofSeries: string[] = []
  const of = firstSql(filter, params, tables)
  for (const [name, values] of filter.attributes) {
    if (isCalendar(name)) continue
    if (name === 'type' || name === 'unit') ofKind.push(`p.${name} IN ${params.texts(values)}`)
    else ofSeries.push(attributeCondition(name, values, params, tables, name === filter.firstBy ? '' : of))
  }
  return { ofKind, ofSeries }
}

/** Two rows: how many series the filter lets through, whenever they had points; and how many points there are in all. */
export function seriesCountSql(filter: PointFilter, tables: Tables): Statement {
  const params = new Params()
  const { ofKind, ofSeries } = seriesConditions(filter, params, tables)
  const where = [...ofKind, ...ofSeries].join(' AND ')
  const series = `(SELECT id AS series, scope_id, type, unit FROM ${tables.series}) AS p`
  return {
    sql: `SELECT 'series' AS what, count() FROM ${series}${where && ` WHERE ${where}`}
UNION ALL SELECT 'points' AS what, count() FROM ${tables.points}`,
    params: params.list,
  }
}

/** Conditions on the batch of a row of points or samples. */
export function visibleBatches(alias: string, snapshot: Snapshot, params: Params): string[] {
  const where = [`${alias}.batch <= ${params.add(snapshot.highest)}`]
  const hidden = hiddenBelow(snapshot)
  if (hidden.length > 0) where.push(`${alias}.batch NOT IN ${params.integers(hidden)}`)
  return where
}

/** A scope has few tombstones, many scopes may have some: each point meets those of its own scope only. */
const BURIED = `arrayExists((b, e, u) -> p.begin_at >= b AND p.begin_at < e AND p.batch <= u,
  v.begins, v.ends, v.up_to)`

function joinTombstones(tombstones: readonly Tombstone[], params: Params): string {
  const lists = [
    params.texts(tombstones.map((v) => v.scopeId)),
    params.integers(tombstones.map((v) => v.begin)),
    params.integers(tombstones.map((v) => v.end ?? OPEN_END)),
    params.integers(tombstones.map((v) => v.upTo)),
  ]
  return ` ANY LEFT JOIN (SELECT tupleElement(w, 1) AS scope_id, groupArray(tupleElement(w, 2)) AS begins,
    groupArray(tupleElement(w, 3)) AS ends, groupArray(tupleElement(w, 4)) AS up_to
  FROM (SELECT arrayJoin(arrayZip(${lists.join(', ')})) AS w) GROUP BY scope_id) AS v ON v.scope_id = p.scope_id`
}

/**
 * An absent attribute reads as the empty text, which is not stored: whoever asks for it asks for all but the others. The
 * scope is asked for too where it can be, since by it the points are sorted.
 */
function attributeCondition(
  name: string,
  values: readonly string[],
  params: Params,
  tables: Tables,
  of: string,
): string {
  // Whose rows these are is looked at first, and the values of those only: what others have costs nothing, whatever it is.
  const named = `FROM ${tables.attributes} ${of && 'PRE'}WHERE name = ${params.add(name)}${of} ${of ? 'WHERE' : 'AND'} value`
  return values.includes('')
    ? `p.series NOT IN (SELECT series ${named} NOT IN ${params.texts(values)})`
    : `(p.scope_id, p.series) IN (SELECT scope_id, series ${named} IN ${params.texts(values)})`
}

/** The condition on `attributes` that a series is one of those that the filter narrows to first; by it the table is sorted. */
function firstSql({ firstBy, attributes }: PointFilter, params: Params, tables: Tables): string {
  const values = firstBy === undefined ? undefined : attributes.get(firstBy)
  if (firstBy === undefined || !values || attributes.size < 2) return ''
  const named = `FROM ${tables.attributes} WHERE name = ${params.add(firstBy)} AND value`
  return values.includes('')
    ? ` AND series NOT IN (SELECT series ${named} NOT IN ${params.texts(values)})`
    : ` AND (scope_id, series) IN (SELECT scope_id, series ${named} IN ${params.texts(values)})`
}

/** The days that occur are few, the points many: texts are made of days only. */
function calendarCondition(
  name: Calendar,
  values: readonly string[],
  filter: PointFilter,
  range: string,
  params: Params,
  tables: Tables,
): string {
  const day = daySql(filter, params)
  return `${day} IN (SELECT day FROM (SELECT DISTINCT ${day} AS day FROM ${tables.points} AS p WHERE ${range})
    WHERE ${calendarSql(name, 'day')} IN ${params.texts(values)})`
}

/** Series that have the attribute themselves go by that; `byBegin` is for all others. */
function broughtCondition(
  name: Calendar,
  values: readonly string[],
  byBegin: string,
  params: Params,
  tables: Tables,
): string {
  const own = `SELECT series FROM ${tables.attributes} WHERE name = ${params.add(name)}`
  return `if(p.series IN (${own}), p.series IN (${own} AND value IN ${params.texts(values)}), ${byBegin})`
}

/** Which of the calendar attributes any series has of its own. */
export function broughtSql(names: readonly Calendar[], tables: Tables): Statement {
  const params = new Params()
  return {
    sql: `SELECT DISTINCT name FROM ${tables.attributes} WHERE name IN ${params.texts(names)}`,
    params: params.list,
  }
}

/** Begin of the bucket of the point `p`. */
export function bucketSql({ seconds, origin = 0 }: TimeBuckets, params: Params): string {
  const length = params.add(seconds)
  return `if(p.end_at - p.begin_at = ${length}, p.begin_at,
    p.begin_at - positiveModulo(p.begin_at - ${params.add(origin)}, ${length}))`
}

/** The filter's local day that the point `p` begins on, counted from `DAY_ZERO` days before 1970. */
export function daySql({ begin, end, zone = UTC }: PointFilter, params: Params): string {
  const zero = DAY_ZERO * 86_400
  const offsets = zone.offsets(begin, end).map(({ from, seconds }) => ({ from, seconds: seconds + zero }))
  return `intDiv(p.begin_at + ${offsetSql(offsets, 'p.begin_at', (value) => params.add(value))}, 86400)`
}

/** Before that there is no point: ClickHouse divides towards zero. */
const DAY_ZERO = 720_000

/** The calendar text of a `daySql`, written as CloudKitty's cloudkitty/collector/__init__.py does. */
export function calendarSql(name: Calendar, day: string): string {
  const date = `toDateTime64((${day} - ${DAY_ZERO}) * 86400, 0, 'UTC')`
  switch (name) {
    case 'day_of_the_year':
      return `toString(toDayOfYear(${date}))`
    case 'week_of_the_year':
      // strftime's %U: weeks begin on Sunday, days before the first one are in week 00.
      return `leftPad(toString(intDiv(toDayOfYear(${date}) + 6 - toDayOfWeek(${date}) % 7, 7)), 2, '0')`
    case 'month':
      return `toString(toMonth(${date}))`
    case 'year':
      return `leftPad(toString(toYear(${date})), 4, '0')`
    default:
      return unreachable(name)
  }
}
