import { sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/node-postgres'
import { Client } from 'pg'
import { Fault } from '../../lib/fault.ts'
import { cannotUse } from './cannot-use.ts'
import { refuseCloudKitty } from './refuse-cloudkitty.ts'

/**
 * Whether the server lets us in, and whose tables are there; nothing is made or migrated. Throws `state.unavailable`, and
 * `config.invalid` for CloudKitty's own database.
 */
export async function probePostgres(url: string, timeoutMs: number): Promise<string | undefined> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: timeoutMs, query_timeout: timeoutMs })
  // A connection that breaks fails the statement that is under way; without a listener it would end the process too.
  client.on('error', () => {})
  try {
    await client.connect()
    const db = drizzle(client)
    await refuseCloudKitty(db)
    const { rows } = await db.execute<{ found: boolean }>(
      sql`SELECT to_regclass('drizzle.__drizzle_migrations') IS NOT NULL AS found`,
    )
    return rows[0]!.found ? undefined : 'is empty yet; the first start makes its tables'
  } catch (cause) {
    throw cause instanceof Fault ? cause : cannotUse(client, cause)
  } finally {
    await client.end().catch(() => {})
  }
}
