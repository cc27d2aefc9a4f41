import { sql } from 'drizzle-orm'
import { bigint, pgTable, text, uniqueIndex, uuid, varchar } from 'drizzle-orm/pg-core'
import { auditColumns } from '../columns.ts'

export const scripts = pgTable(
  'pyscripts_scripts',
  {
    id: uuid('script_id').primaryKey().defaultRandom(),
    /** Order of creation, in which scripts are listed. */
    position: bigint('position', { mode: 'number' }).generatedAlwaysAsIdentity(),
    name: varchar('name', { length: 255 }).notNull(),
    data: text('data').notNull(),
    /** Hexadecimal SHA-512 of the data's UTF-8 bytes. */
    checksum: varchar('checksum', { length: 128 }).notNull(),
    ...auditColumns(),
  },
  (table) => [
    uniqueIndex('pyscripts_scripts_name')
      .on(table.name)
      .where(sql`${table.deleted} is null`),
  ],
)
