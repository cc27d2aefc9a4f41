import { readFile } from 'node:fs/promises'
import type { BatchId } from '../domain/snapshot.ts'
import type { PgDatabase, PgQueryResultHKT } from 'drizzle-orm/pg-core'

/** The state database: PGlite in this process, or a PostgreSQL server. One dialect, one schema. */
export type StateDatabase = PgDatabase<PgQueryResultHKT>

export interface State extends AsyncDisposable {
  readonly db: StateDatabase
  /**
   * Embedded state only: copies it, as it is at one instant, into a new folder that `openPGlite` can open as `pglite` in its
   * folder, and says what the newest batch then is. Everybody else waits meanwhile, half a second for 150 MB.
   */
  readonly copyTo?: (folder: string) => Promise<BatchId>
}

/** How many migrations this program knows. */
export async function knownMigrations(): Promise<number> {
  const journal = JSON.parse(await readFile(`${MIGRATIONS_FOLDER}/meta/_journal.json`, 'utf8')) as {
    entries: unknown[]
  }
  return journal.entries.length
}

/** Where drizzle's migrations lie, from the sources and from the build alike. */
export const MIGRATIONS_FOLDER = new URL('../../src/state/migrations', import.meta.url).pathname
