import { toDate, toInstant } from '../domain/period.ts'
import type { BatchId, Tombstone } from '../domain/snapshot.ts'
import type { StateDatabase } from './database.ts'
import { insertRows } from './insert-rows.ts'
import { tombstones } from './schema.ts'

/** The numbers of the tombstones, in the order of the entries. */
export async function insertTombstones(
  tx: StateDatabase,
  entries: readonly Omit<Tombstone, 'upTo'>[],
  upTo: BatchId,
): Promise<number[]> {
  const rows = await insertRows(
    tx,
    tombstones,
    entries.map(({ scopeId, begin, end }) => ({
      scopeId,
      begin: toDate(begin),
      end: end === undefined ? null : toDate(end),
      upTo,
    })),
  )
  return rows.map((row) => row.id)
}

export function toTombstone({ scopeId, begin, end, upTo }: typeof tombstones.$inferSelect): Tombstone {
  return { scopeId, begin: toInstant(begin), end: end ? toInstant(end) : undefined, upTo }
}
