import { sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/node-postgres'
import { migrate } from 'drizzle-orm/node-postgres/migrator'
import { Pool } from 'pg'
import { Fault } from '../../lib/fault.ts'
import { MIGRATIONS_FOLDER, type State } from '../database.ts'

/** Any number that no other program takes for its advisory lock in this database. */
const MIGRATION_LOCK = 0x636c_7461

export interface PostgresOptions {
  readonly url: string
  /** Connections of this process. */
  readonly poolSize?: number
  /** Called when an idle connection breaks; the pool makes a new one. */
  readonly onError?: (error: Error) => void
}

/**
 * Connects to a PostgreSQL server and brings the schema up to date, once however many processes start together. The pool
 * reconnects by itself.
 */
export async function openPostgres({ url, poolSize = 10, onError }: PostgresOptions): Promise<State> {
  const pool = new Pool({
    connectionString: url,
    max: poolSize,
    connectionTimeoutMillis: 10_000,
    idleTimeoutMillis: 30_000,
    statement_timeout: 60_000,
    application_name: 'cloudtabbyd',
  })
  pool.on('error', (error) => onError?.(error))
  try {
    const client = await pool.connect()
    try {
      const session = drizzle(client)
      await session.execute(sql`SELECT pg_advisory_lock(${MIGRATION_LOCK})`)
      try {
        await migrate(session, { migrationsFolder: MIGRATIONS_FOLDER })
      } finally {
        await session.execute(sql`SELECT pg_advisory_unlock(${MIGRATION_LOCK})`)
      }
    } finally {
      client.release()
    }
  } catch (cause) {
    await pool.end()
    throw new Fault(
      'state.unavailable',
      `the state database cannot be used: ${(cause as Error).message}`,
      {},
      { cause },
    )
  }
  return { db: drizzle(pool), [Symbol.asyncDispose]: () => pool.end() }
}
