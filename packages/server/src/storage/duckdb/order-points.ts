import type { DuckDBConnection } from '@duckdb/node-api'
import type { BatchId } from '../../domain/snapshot.ts'
import { run } from './run-statement.ts'

/**
 * Points that are put in order at a time: sixteen of DuckDB's row groups and a bit. Smaller runs would save questions about
 * one scope less, larger ones keep writers waiting longer. To write a run anew takes some 50 MB: a push of 200 MB, about a
 * million points, is mostly over before that.
 */
export const RUN_POINTS = 2_000_000
/** Points that are sorted at a time, of whole scopes: some 30 MB. */
const SORTED_POINTS = 200_000

/**
 * Puts the points of the batches after those that are in order already, up to `upTo`, in the order of their scopes,
 * series and begins. Points come hour by hour with all scopes in each, so that who asks for one tenant's month would
 * read everybody's; in order, they lie in one or two row groups of each run, and DuckDB skips the others. Nothing but
 * speed depends on it: a batch that is written on afterwards is only found more slowly.
 */
export async function orderPoints(connection: DuckDBConnection, upTo: BatchId): Promise<void> {
  const [row] = await run(connection, {
    sql: 'SELECT up_to, (SELECT coalesce(max(rowid), -1) FROM points) FROM points_in_order',
    params: [],
  })
  const [after, last] = row as [bigint, bigint]
  const theirs = 'batch > $1 AND batch <= $2 AND rowid <= $3'
  const params = [after, upTo, last]
  const counts = await run(connection, {
    sql: `SELECT scope, count(*) FROM points WHERE ${theirs} GROUP BY scope ORDER BY scope`,
    params,
  })
  for (const scopes of ranges(counts as [number, bigint][])) {
    await run(connection, {
      sql: `INSERT INTO points SELECT * FROM points WHERE ${theirs} AND scope >= $4 AND scope <= $5
  ORDER BY scope, series, begin_at`,
      params: [...params, scopes.first, scopes.last],
    })
  }
  await run(connection, { sql: `DELETE FROM points WHERE ${theirs}`, params })
  await run(connection, { sql: 'UPDATE points_in_order SET up_to = $1', params: [upTo] })
}

/** Ranges of scopes that have together about as many points as are sorted at a time. */
function ranges(counts: readonly [scope: number, points: bigint][]): { first: number; last: number }[] {
  const all: { first: number; last: number }[] = []
  let points = SORTED_POINTS
  for (const [scope, more] of counts) {
    if (points >= SORTED_POINTS) {
      all.push({ first: scope, last: scope })
      points = 0
    }
    all.at(-1)!.last = scope
    points += Number(more)
  }
  return all
}
