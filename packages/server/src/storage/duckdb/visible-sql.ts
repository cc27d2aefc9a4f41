import { type Calendar, isCalendar } from '../../domain/calendar.ts'
import { hiddenBelow, OPEN_END, type Snapshot, type Tombstone, tombstonesWithin } from '../../domain/snapshot.ts'
import { UTC } from '../../domain/time-zone.ts'
import { unreachable } from '../../lib/unreachable.ts'
import { offsetSql } from '../offset-sql.ts'
import type { WithBrought } from '../brought-calendar.ts'
import type { TimeBuckets } from '../grouping.ts'
import type { PointFilter } from '../point-store.ts'
import type { Params } from './statement.ts'
import { narrowedConditions, seriesConditions } from './series-conditions.ts'
import type { SeriesSelection } from './series-selection.ts'

/** `points p` as a query may see it: named subqueries to put after WITH, what to select from, and conditions. */
export interface VisiblePoints {
  readonly ctes: readonly string[]
  readonly from: string
  /** Conditions on the points themselves, whatever their series. */
  readonly where: readonly string[]
  /** What to join for the points' series: `series`, or as much of it as is needed under that name. */
  readonly seriesTable: string
  /** Conditions on their rows of `series`. */
  readonly series: readonly string[]
  /** The same as conditions on the points. */
  readonly bySeries: readonly string[]
}

/** All conditions as such on the points. */
export function whereOf({ where, bySeries }: VisiblePoints): string {
  return [...where, ...bySeries].join(' AND ')
}

/**
 * The points of the snapshot that the filter lets through. What does not apply leaves no trace in the SQL. `selection` is
 * what is known of the filter's series.
 */
export function visiblePoints(
  filter: PointFilter & WithBrought,
  snapshot: Snapshot,
  params: Params,
  selection: SeriesSelection | 'all',
): VisiblePoints {
  const range = `p.begin_at >= ${params.add(filter.begin)} AND p.begin_at < ${params.add(filter.end)}`
  const where = [range, ...visibleBatches('p', snapshot, params)]
  const { byScope, ...bySeries } = selectionConditions(filter, params, selection)
  // Points of a scope lie together: by its number the engine skips most of the file.
  where.push(...byScope)
  for (const [name, values] of filter.attributes) {
    if (!isCalendar(name)) continue
    const byBegin = calendarCondition(name, values, filter, range, params)
    where.push(filter.brought?.has(name) ? broughtCondition(name, values, byBegin, params) : byBegin)
  }
  const tombstones = tombstonesWithin(snapshot, filter)
  if (tombstones.length === 0) return { ctes: [], from: 'points p', where, ...bySeries }
  return {
    ctes: [buriedSql(tombstones, params)],
    from: `points p ANTI JOIN buried v ON (${BURIED})`,
    where,
    ...bySeries,
  }
}

/** Conditions on the batch of a row of points or samples. */
export function visibleBatches(alias: string, snapshot: Snapshot, params: Params): string[] {
  const where = [`${alias}.batch <= ${params.add(snapshot.highest)}`]
  const hidden = hiddenBelow(snapshot)
  if (hidden.length > 0) where.push(`NOT list_contains(${params.integers(hidden)}, ${alias}.batch)`)
  return where
}

/** Whether the point `p` is void by the row `v` of `buriedSql`. */
export const BURIED = 'p.scope = v.scope AND p.begin_at >= v.begin_at AND p.begin_at < v.end_at AND p.batch <= v.up_to'

/** The tombstones by the numbers of their scopes. */
export function buriedSql(tombstones: readonly Tombstone[], params: Params): string {
  const scopes = params.texts(tombstones.map((v) => v.scopeId))
  const begins = params.integers(tombstones.map((v) => v.begin))
  const ends = params.integers(tombstones.map((v) => v.end ?? OPEN_END))
  const upTo = params.integers(tombstones.map((v) => v.upTo))
  return `buried AS (SELECT DISTINCT s.scope, w.begin_at, w.end_at, w.up_to FROM series s
    JOIN (SELECT unnest(${scopes}) AS scope_id, unnest(${begins}) AS begin_at, unnest(${ends}) AS end_at,
      unnest(${upTo}) AS up_to) w ON w.scope_id = s.scope_id)`
}

interface SeriesConditions extends Pick<VisiblePoints, 'seriesTable' | 'series' | 'bySeries'> {
  /** On the points, by the number of the scope. */
  readonly byScope: readonly string[]
}

function selectionConditions(
  filter: PointFilter,
  params: Params,
  selection: SeriesSelection | 'all',
): SeriesConditions {
  if (selection === 'all') return { seriesTable: 'series', byScope: [], series: [], bySeries: [] }
  const [first, last] = [params.add(selection.scopes.first), params.add(selection.scopes.last)]
  const scopes = `scope >= ${first} AND scope <= ${last}`
  const common = {
    seriesTable: `(SELECT * FROM series WHERE ${scopes}) series`,
    byScope: [`p.scope >= ${first} AND p.scope <= ${last}`],
  }
  if (selection.whole) return { ...common, series: [scopes], bySeries: [] }
  if (!selection.numbers) {
    const series =
      filter.firstBy === undefined
        ? [scopes, ...seriesConditions(filter, params)]
        : narrowedConditions(filter, [scopes], params)
    return {
      ...common,
      series,
      bySeries: [`p.series IN (SELECT number FROM series WHERE ${series.join(' AND ')})`],
    }
  }
  const isSelected = isOneOf(selection.numbers, params)
  return { ...common, series: [scopes, isSelected('number')], bySeries: [isSelected('p.series')] }
}

/** To look a number up in a longer list, DuckDB had better make a table of the list. */
const LISTED = 50

/** The condition that a column has one of the numbers. */
export function isOneOf(numbers: readonly number[], params: Params): (column: string) => string {
  const list = params.integers(numbers)
  if (numbers.length <= LISTED) return (column) => `list_contains(${list}, ${column})`
  return (column) => `${column} IN (SELECT unnest(${list}))`
}

/** The days that occur are few, the points many: texts are made of days only. */
function calendarCondition(
  name: Calendar,
  values: readonly string[],
  filter: PointFilter,
  range: string,
  params: Params,
): string {
  const day = daySql(filter, params)
  return `${day} IN (SELECT day FROM (SELECT DISTINCT ${day} AS day FROM points p WHERE ${range})
    WHERE list_contains(${params.texts(values)}, ${calendarSql(name, 'day')}))`
}

/** Series that have the attribute themselves go by that; `byBegin` is for all others. */
function broughtCondition(name: Calendar, values: readonly string[], byBegin: string, params: Params): string {
  const own = `SELECT series FROM attributes WHERE name = ${params.add(name)}`
  const matching = `${own} AND list_contains(${params.texts(values)}, value)`
  return `CASE WHEN p.series IN (${own}) THEN p.series IN (${matching}) ELSE ${byBegin} END`
}

/**
 * Begin of the bucket of the point `p`. DuckDB's `//` cuts toward zero, so instants are first moved, by whole buckets, to
 * where none is negative.
 */
export function bucketSql({ seconds, origin = 0 }: TimeBuckets, params: Params): string {
  const length = params.add(seconds)
  const shift = params.add(Math.ceil((YEAR_ZERO_SECONDS + origin) / seconds) * seconds - origin)
  return `(CASE WHEN p.end_at - p.begin_at = ${length} THEN p.begin_at
    ELSE (p.begin_at + ${shift}) // ${length} * ${length} - ${shift} END)`
}

/** At least as long before 1970 there is no point. */
const YEAR_ZERO_SECONDS = 62_208_000_000

/** The filter's local day that the point `p` begins on, counted from `DAY_ZERO` days before 1970. */
export function daySql({ begin, end, zone = UTC }: PointFilter, params: Params): string {
  const offsets = zone.offsets(begin, end).map(({ from, seconds }) => ({ from, seconds: seconds + YEAR_ZERO_SECONDS }))
  return `((p.begin_at + ${offsetSql(offsets, 'p.begin_at', (value) => params.add(value))}) // 86400)`
}

const DAY_ZERO = YEAR_ZERO_SECONDS / 86_400

/** The calendar text of a `daySql`, written as CloudKitty's cloudkitty/collector/__init__.py does. */
export function calendarSql(name: Calendar, day: string): string {
  const date = `(DATE '1970-01-01' + (${day} - ${DAY_ZERO})::INTEGER)`
  switch (name) {
    case 'day_of_the_year':
      return `dayofyear(${date})::VARCHAR`
    case 'week_of_the_year':
      return `strftime(${date}, '%U')`
    case 'month':
      return `month(${date})::VARCHAR`
    case 'year':
      return `lpad(year(${date})::VARCHAR, 4, '0')`
    default:
      return unreachable(name)
  }
}
