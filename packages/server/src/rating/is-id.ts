import { eq, type SQL, sql } from 'drizzle-orm'
import type { PgColumn } from 'drizzle-orm/pg-core'
import { toUuid } from '../lib/to-uuid.ts'

/** True of the row that a client's id names, however it is dressed; of no row for a text that is no UUID. */
export function isId(column: PgColumn, text: string): SQL {
  const id = toUuid(text)
  return id === undefined ? sql`false` : eq(column, id)
}
