import type { Snapshot } from '../../domain/snapshot.ts'
import type { WithBrought } from '../brought-calendar.ts'
import type { PointFilter, RetrieveQuery } from '../point-store.ts'
import { Params, type Statement } from './statement.ts'
import type { Tables } from './tables.ts'
import { visiblePoints } from './visible-sql.ts'

/**
 * One row: the total; whether the page has points; and if so the window's first and last begin and how many points come
 * before it.
 */
export function pageWindowSql(query: RetrieveQuery & WithBrought, snapshot: Snapshot, tables: Tables): Statement {
  const params = new Params()
  const { from, where } = visiblePoints(query, snapshot, params, tables)
  const page = [`up_to > ${params.add(query.offset)}`]
  if (query.limit !== undefined) {
    page.push(`up_to - points < ${params.add(query.offset)} + ${params.add(query.limit)}`)
  }
  const within = page.join(' AND ')
  return {
    sql: `SELECT sum(points), countIf(${within}) > 0, minIf(begin_at, ${within}), maxIf(begin_at, ${within}),
  minIf(up_to - points, ${within})
FROM (SELECT begin_at, points, toInt64(sum(points) OVER (ORDER BY begin_at)) AS up_to
  FROM (SELECT p.begin_at AS begin_at, toInt64(count()) AS points FROM ${from} WHERE ${where} GROUP BY p.begin_at))`,
    params: params.list,
  }
}

/** Columns of `pointsSql`, in order; 64-bit integers and decimals are texts. */
export type PointRow = [
  begin: string,
  end: string,
  type: string,
  scopeId: string,
  series: string,
  quantity: string,
  price: string,
  rules: string,
  unit: string,
]

/**
 * The points of a filter in `retrieve`'s order. Points that are equal in all that the order names are told apart by
 * their values and rules, so that the order does not depend on where a point lies.
 */
export function pointsSql(
  filter: PointFilter & WithBrought,
  snapshot: Snapshot,
  tables: Tables,
  page?: { readonly offset: number; readonly limit: number | undefined },
): Statement {
  const params = new Params()
  const { from, where } = visiblePoints(filter, snapshot, params, tables)
  const limit = page?.limit === undefined ? '' : ` LIMIT ${params.add(page.limit)}`
  const offset = page === undefined ? '' : ` OFFSET ${params.add(page.offset)}`
  const order = 'p.begin_at, p.end_at, p.type, p.scope_id, p.series, p.quantity, p.price, p.rules'
  return {
    sql: `SELECT ${order}, p.unit
FROM ${from} WHERE ${where}
ORDER BY ${order}${limit}${offset}`,
    params: params.list,
  }
}
