import { sql } from 'drizzle-orm'
import type { StateDatabase } from '../../state/database.ts'
import { revision } from './tables.ts'

/**
 * Does a change of rules in one transaction, together with counting up their revision. The revision's row lock makes
 * changes wait for each other, so that what one of them checks (names, overlaps) is still so when it writes.
 */
export function changeRules<T>(db: StateDatabase, change: (tx: StateDatabase) => Promise<T>): Promise<T> {
  return db.transaction(async (tx) => {
    await tx.update(revision).set({ value: sql`${revision.value} + 1` })
    return change(tx)
  })
}

/** Grows with every change of rules. */
export async function readRevision(db: StateDatabase): Promise<number> {
  const [row] = await db.select({ value: revision.value }).from(revision)
  if (!row) throw new Error('the row of hashmap_revision is missing')
  return row.value
}
