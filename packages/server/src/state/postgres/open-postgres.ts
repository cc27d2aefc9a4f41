import { sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/node-postgres'
import { migrate } from 'drizzle-orm/node-postgres/migrator'
import { Client, type Pool } from 'pg'
import { Fault } from '../../lib/fault.ts'
import { type ForeignTables, migrateAll, type State } from '../database.ts'
import { cannotUse } from './cannot-use.ts'
import { ConnectionPool } from './connection-pool.ts'
import { refuseCloudKitty } from './refuse-cloudkitty.ts'

/** Any number that no other program takes for its advisory lock in this database. */
const MIGRATION_LOCK = 0x636c_7461
/** As long as another process may take for a migration. */
const MIGRATION_MS = 600_000

/** How long one waits for what, in milliseconds. */
interface PostgresTimeouts {
  /** For a connection: for the server to take one more, or for one of the pool to become free. */
  readonly connectMs: number
  /** A statement that takes longer is given up; a connection on which nothing at all comes back, a little later. */
  readonly statementMs: number
  /** A process that is paused in the middle of a transaction loses its locks after so long, for the others' sake. */
  readonly idleInTransactionMs: number
}

const TIMEOUTS: PostgresTimeouts = { connectMs: 10_000, statementMs: 60_000, idleInTransactionMs: 20_000 }

export interface PostgresOptions {
  readonly url: string
  /** Connections of this process. */
  readonly poolSize?: number
  readonly foreign?: readonly ForeignTables[]
  /** Called when an idle connection breaks; the pool makes a new one. */
  readonly onError?: (error: Error) => void
  readonly timeouts?: Partial<PostgresTimeouts>
}

/**
 * Connects to a PostgreSQL server and brings the schema up to date, once however many processes start together. Connections
 * that break are replaced as they are needed; while the server does not answer, whatever asks it gets `state.unavailable`.
 */
export async function openPostgres({
  url,
  poolSize = 10,
  foreign = [],
  onError = () => {},
  timeouts: given,
}: PostgresOptions): Promise<State> {
  const timeouts = { ...TIMEOUTS, ...given }
  await migrateOnce(url, timeouts, foreign)
  const config = {
    ...session(url, timeouts),
    max: poolSize,
    idleTimeoutMillis: 30_000,
    statement_timeout: timeouts.statementMs,
    // The server that is to give the statement up may be silent itself.
    query_timeout: Math.ceil(timeouts.statementMs * 1.1),
  }
  const pool = new ConnectionPool(config, onError)
  return { db: drizzle(pool as unknown as Pool), [Symbol.asyncDispose]: () => pool[Symbol.asyncDispose]() }
}

function session(url: string, { connectMs, idleInTransactionMs }: PostgresTimeouts) {
  return {
    connectionString: url,
    connectionTimeoutMillis: connectMs,
    idle_in_transaction_session_timeout: idleInTransactionMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    application_name: 'cloudtabbyd',
  }
}

async function migrateOnce(url: string, timeouts: PostgresTimeouts, foreign: readonly ForeignTables[]): Promise<void> {
  const limits = { statement_timeout: MIGRATION_MS, idle_in_transaction_session_timeout: MIGRATION_MS }
  const client = new Client({ ...session(url, timeouts), ...limits })
  // A connection that breaks fails the statement that is under way; without a listener it would end the process too.
  client.on('error', () => {})
  try {
    await client.connect()
    const db = drizzle(client)
    await db.execute(sql`SELECT pg_advisory_lock(${MIGRATION_LOCK})`)
    await refuseCloudKitty(db)
    await migrateAll((from) => migrate(db, from), foreign)
  } catch (cause) {
    throw cause instanceof Fault ? cause : cannotUse(client, cause)
  } finally {
    // The lock goes with the connection.
    await client.end().catch(() => {})
  }
}
