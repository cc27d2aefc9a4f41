import type { Instant } from '../../domain/period.ts'
import type { Snapshot } from '../../domain/snapshot.ts'
import type { WithBrought } from '../brought-calendar.ts'
import type { PointFilter, RetrieveQuery } from '../point-store.ts'
import { Params, type Statement } from './statement.ts'
import { visiblePoints, whereOf } from './visible-sql.ts'
import type { SeriesSelection } from './series-selection.ts'

/** Where a page lies, by the instants its points begin at: only those are sorted, however far into the answer it is. */
export interface PageWindow {
  readonly begin: Instant
  /** Exclusive. */
  readonly end: Instant
  /** Points of the window before the page. */
  readonly skip: number
}

/** One row: the total, and the window's first and last begin and how many points come before it (NULL when empty). */
export function pageWindowSql(
  query: RetrieveQuery & WithBrought,
  snapshot: Snapshot,
  selection: SeriesSelection | 'all',
): Statement {
  const params = new Params()
  const visible = visiblePoints(query, snapshot, params, selection)
  const from = params.add(query.offset)
  const ctes = [
    ...visible.ctes,
    `counted AS (SELECT p.begin_at, count(*) AS points FROM ${visible.from}
      WHERE ${whereOf(visible)} GROUP BY p.begin_at)`,
    'placed AS (SELECT begin_at, points, sum(points) OVER (ORDER BY begin_at) AS up_to FROM counted)',
  ]
  const page = [`up_to > ${from}`]
  if (query.limit !== undefined) page.push(`up_to - points < ${from} + ${params.add(query.limit)}`)
  return {
    sql: `WITH ${ctes.join(', ')}
SELECT (SELECT coalesce(sum(points), 0)::BIGINT FROM counted), min(begin_at), max(begin_at), min(up_to - points)::BIGINT
FROM placed WHERE ${page.join(' AND ')}`,
    params: params.list,
  }
}

/** Columns of `pointsSql`, in order. */
export type PointRow = [
  begin: bigint,
  end: bigint,
  series: number,
  rules: number,
  quantity: bigint,
  quantityAtto: number,
  quantityHigh: bigint,
  price: bigint,
  priceAtto: number,
  priceHigh: bigint,
]

/**
 * The points of a filter in `retrieve`'s order. Points that are equal in all that the order names are told apart by
 * their values and rules, so that the order does not depend on where a point lies in the file.
 */
export function pointsSql(
  filter: PointFilter & WithBrought,
  snapshot: Snapshot,
  selection: SeriesSelection | 'all',
  page?: { readonly offset: number; readonly limit: number | undefined },
): Statement {
  const params = new Params()
  const visible = visiblePoints(filter, snapshot, params, selection)
  const limit = page?.limit === undefined ? '' : ` LIMIT ${params.add(page.limit)}`
  const offset = page === undefined ? '' : ` OFFSET ${params.add(page.offset)}`
  return {
    sql: `${visible.ctes.length > 0 ? `WITH ${visible.ctes.join(', ')} ` : ''}SELECT p.begin_at, p.end_at, p.series, p.rules,
  p.quantity, p.quantity_atto, p.quantity_high, p.price, p.price_atto, p.price_high
FROM ${visible.from} JOIN ${visible.seriesTable} ON series.number = p.series WHERE ${whereOf(visible)}
ORDER BY p.begin_at, p.end_at, series.type, series.scope_id, series.id,
  p.quantity_high, p.quantity, p.quantity_atto, p.price_high, p.price, p.price_atto, p.rules${limit}${offset}`,
    params: params.list,
  }
}
