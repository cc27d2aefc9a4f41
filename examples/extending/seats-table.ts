import { integer, pgTable, text } from 'drizzle-orm/pg-core'

/** How many seats a scope may have. */
export const seats = pgTable('seats', {
  scopeId: text('scope_id').primaryKey(),
  limit: integer('seat_limit').notNull(),
})
