import type { DuckDBConnection } from '@duckdb/node-api'
import type { BatchId } from '../../domain/snapshot.ts'
import type { Dropped, KeepFrom } from '../point-store.ts'
import { run } from './run-statement.ts'
import type { Param } from './statement.ts'

/** Deletes what lies before the bounds, within the connection's transaction; the file skips what is newer. */
export async function dropBefore(connection: DuckDBConnection, { points, samples }: KeepFrom): Promise<Dropped> {
  return {
    points: await changed(connection, 'DELETE FROM points WHERE begin_at < $1', points),
    samples: await changed(connection, 'DELETE FROM samples WHERE instant < $1', samples),
  }
}

export async function deleteBatchesAbove(connection: DuckDBConnection, batch: BatchId): Promise<void> {
  await changed(connection, 'DELETE FROM points WHERE batch > $1', batch)
  await changed(connection, 'DELETE FROM samples WHERE batch > $1', batch)
  // Their ids may be given again.
  await changed(connection, 'DELETE FROM written WHERE batch > $1', batch)
  await changed(connection, 'UPDATE points_in_order SET up_to = least(up_to, $1)', batch)
}

/** Rows that nothing refers to, by their numbers. */
export interface Orphans {
  readonly series: readonly number[]
  readonly ruleSets: readonly number[]
}

/** Series and rule lists of which there is no point, of whatever batch. */
export async function findOrphans(connection: DuckDBConnection): Promise<Orphans> {
  return {
    series: await numbers(
      connection,
      'SELECT number FROM series WHERE number NOT IN (SELECT DISTINCT series FROM points)',
    ),
    ruleSets: await numbers(
      connection,
      'SELECT number FROM rule_sets WHERE number NOT IN (SELECT DISTINCT rules FROM points)',
    ),
  }
}

/** Removes those of the orphans that still are. The number of rows of `series` and `rule_sets` that went. */
export async function removeOrphans(connection: DuckDBConnection, { series, ruleSets }: Orphans): Promise<number> {
  const goneSeries = `number IN (SELECT unnest($1)) AND number NOT IN (SELECT DISTINCT series FROM points)`
  const gone = { integers: series }
  await changed(
    connection,
    `DELETE FROM attributes WHERE series IN (SELECT number FROM series WHERE ${goneSeries})`,
    gone,
  )
  return (
    (await changed(connection, `DELETE FROM series WHERE ${goneSeries}`, gone)) +
    (await changed(
      connection,
      'DELETE FROM rule_sets WHERE number IN (SELECT unnest($1)) AND number NOT IN (SELECT DISTINCT rules FROM points)',
      { integers: ruleSets },
    ))
  )
}

/** Removes series of samples that have none; who asks for samples looks at no series afterwards. */
export async function removeSampleOrphans(connection: DuckDBConnection): Promise<void> {
  await changed(connection, 'DELETE FROM sample_series WHERE number NOT IN (SELECT DISTINCT series FROM samples)')
  await changed(connection, 'DELETE FROM sample_labels WHERE series NOT IN (SELECT number FROM sample_series)')
}

async function changed(connection: DuckDBConnection, sql: string, ...params: Param[]): Promise<number> {
  const [row] = await run(connection, { sql, params })
  return Number(row?.[0] ?? 0)
}

async function numbers(connection: DuckDBConnection, sql: string): Promise<number[]> {
  return (await run(connection, { sql, params: [] })).map(([number]) => number as number)
}
