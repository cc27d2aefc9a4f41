import { sql } from 'drizzle-orm'
import { Fault } from '../../lib/fault.ts'
import type { StateDatabase } from '../database.ts'

/** Tables that CloudKitty makes in its database, some of which have the names of ours. */
const THEIRS = ['hashmap_services', 'modules_state', 'cloudkitty_storage_states', 'storage_states', 'hashmap_alembic']

/** Throws `config.invalid` when CloudKitty's own database is named in place of one of our own. Looks, and changes nothing. */
export async function refuseCloudKitty(db: Pick<StateDatabase, 'execute'>): Promise<void> {
  const ours = await exists(db, 'drizzle.__drizzle_migrations')
  if (ours) return
  for (const table of THEIRS) {
    // oxlint-disable-next-line no-await-in-loop -- five at most, once
    if (!(await exists(db, table))) continue
    throw new Fault(
      'config.invalid',
      `[state] url (or [database] connection, where that is absent) names the database of CloudKitty, which has the table ${table}. ` +
        'It is left as it is. Make a database for CloudTabby, for instance with CREATE DATABASE cloudtabby, and name it in [state] url',
      { table },
    )
  }
}

async function exists(db: Pick<StateDatabase, 'execute'>, table: string): Promise<boolean> {
  const answer: unknown = await db.execute(sql`SELECT to_regclass(${table}) IS NOT NULL AS found`)
  const { rows } = answer as { readonly rows: readonly { readonly found: boolean }[] }
  return rows[0]!.found
}
