import { toDate, toInstant } from '../domain/period.ts'
import type { BatchId, Void } from '../domain/snapshot.ts'
import type { StateDatabase } from './database.ts'
import { insertRows } from './insert-rows.ts'
import { voids } from './schema.ts'

/** The numbers of the voids, in the order of the entries. */
export async function insertVoids(
  tx: StateDatabase,
  entries: readonly Omit<Void, 'upTo'>[],
  upTo: BatchId,
): Promise<number[]> {
  const rows = await insertRows(
    tx,
    voids,
    entries.map(({ scopeId, begin, end }) => ({
      scopeId,
      begin: toDate(begin),
      end: end === undefined ? null : toDate(end),
      upTo,
    })),
  )
  return rows.map((row) => row.id)
}

export function toVoid({ scopeId, begin, end, upTo }: typeof voids.$inferSelect): Void {
  return { scopeId, begin: toInstant(begin), end: end ? toInstant(end) : undefined, upTo }
}
