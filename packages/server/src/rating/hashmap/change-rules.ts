import { sql } from 'drizzle-orm'
import { audited, type Author, type Recorder } from '../../state/audit.ts'
import type { StateDatabase } from '../../state/database.ts'
import { revision } from './tables.ts'

/**
 * Does a change of rules in one transaction, together with its audit records and with counting up the rules' revision. The revision's row lock makes
 * changes wait for each other, so that what one of them checks (names, overlaps) is still so when it writes.
 */
export function changeRules<T>(
  db: StateDatabase,
  author: Author,
  change: (tx: StateDatabase, record: Recorder) => Promise<T>,
): Promise<T> {
  return audited(db, author, async (tx, record) => {
    await tx.update(revision).set({ value: sql`${revision.value} + 1` })
    return change(tx, record)
  })
}

/** Grows with every change of rules. */
export async function readRevision(db: StateDatabase): Promise<number> {
  const [row] = await db.select({ value: revision.value }).from(revision)
  if (!row) throw new Error('the row of hashmap_revision is missing')
  return row.value
}
