import type { DuckDBConnection } from '@duckdb/node-api'
import type { BatchId } from '../../domain/snapshot.ts'
import { run } from './duckdb-database.ts'

/**
 * Points that are put in order at a time: eight of DuckDB's row groups and a bit, some 100 MB while they are sorted.
 * Larger runs would save questions about one scope little more, and keep writers waiting longer.
 */
export const RUN_POINTS = 1_000_000

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
  const batches = 'batch > $1 AND batch <= $2'
  await run(connection, {
    sql: `INSERT INTO points SELECT * FROM points WHERE ${batches} ORDER BY scope, series, begin_at`,
    params: [after, upTo],
  })
  await run(connection, { sql: `DELETE FROM points WHERE ${batches} AND rowid <= $3`, params: [after, upTo, last] })
  await run(connection, { sql: 'UPDATE points_in_order SET up_to = $1', params: [upTo] })
}
