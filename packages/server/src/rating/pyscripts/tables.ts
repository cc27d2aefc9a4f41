import { sql } from 'drizzle-orm'
import { bigint, index, pgTable, text, uniqueIndex, uuid, varchar } from 'drizzle-orm/pg-core'
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
    /** The script that this was until its end; null: the script itself. */
    versionOf: uuid('version_of'),
  },
  (table) => [
    uniqueIndex('pyscripts_scripts_name')
      .on(table.name)
      .where(sql`${table.deleted} is null and ${table.versionOf} is null`),
    index('pyscripts_scripts_version_of').on(table.versionOf),
  ],
)
