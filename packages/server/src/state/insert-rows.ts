import type { PgTable } from 'drizzle-orm/pg-core'
import { chunksOf } from '../lib/chunks.ts'
import type { StateDatabase } from './database.ts'

/** Far below the 65,535 parameters of a statement, however many columns a table has. */
const ROWS_PER_STATEMENT = 1000

/** Inserts any number of rows, in their order; in one instant only inside a transaction. The rows as they are then. */
export async function insertRows<T extends PgTable>(
  tx: StateDatabase,
  table: T,
  rows: readonly T['$inferInsert'][],
): Promise<T['$inferSelect'][]> {
  const inserted: T['$inferSelect'][] = []
  for (const chunk of chunksOf(rows, ROWS_PER_STATEMENT)) {
    inserted.push(...((await tx.insert(table).values(chunk).returning()) as T['$inferSelect'][]))
  }
  return inserted
}
