import { sql } from 'drizzle-orm'
import type { Snapshot } from '../domain/snapshot.ts'
import type { StateDatabase } from './database.ts'
import { batchCounter, hiddenBatches, tombstones } from './schema.ts'

/** What counts at this instant: one statement, so it is of one. */
export async function readSnapshot(db: StateDatabase): Promise<Snapshot> {
  const [row] = await db
    .select({
      highest: batchCounter.value,
      hidden: sql<number[]>`(SELECT coalesce(json_agg(id ORDER BY id), '[]'::json) FROM ${hiddenBatches})`,
      tombstones: sql<
        { scopeId: string; begin: number; end: number | null; upTo: number }[]
      >`(SELECT coalesce(json_agg(json_build_object('scopeId', scope_id, 'begin', extract(epoch FROM "begin")::bigint,
          'end', extract(epoch FROM "end")::bigint, 'upTo', up_to) ORDER BY id), '[]'::json) FROM ${tombstones})`,
    })
    .from(batchCounter)
  if (!row) throw new Error('the batch counter has no row')
  return { ...row, tombstones: row.tombstones.map((entry) => ({ ...entry, end: entry.end ?? undefined })) }
}
