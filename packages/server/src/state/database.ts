import { readFile } from 'node:fs/promises'
import type { BatchId } from '../domain/snapshot.ts'
import { errorText, Fault } from '../lib/fault.ts'
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

/** Tables that somebody else brings: a rating module that is no part of this program. */
export interface ForeignTables {
  /** Whose they are, as its plugin is called. */
  readonly owner: string
  /** The folder of drizzle's migrations that make them. */
  readonly folder: string
}

/** Brings the tables of this program up to date, and then those of others, who each keep count of their own. */
export async function migrateAll(
  migrate: (from: { migrationsFolder: string; migrationsTable?: string }) => Promise<void>,
  foreign: readonly ForeignTables[],
): Promise<void> {
  await migrate({ migrationsFolder: MIGRATIONS_FOLDER })
  for (const { owner, folder } of foreign) {
    // oxlint-disable-next-line no-await-in-loop -- one connection
    await migrate({ migrationsFolder: folder, migrationsTable: `__migrations_${owner}` }).catch((cause: unknown) => {
      const reason = errorText(cause instanceof Error && cause.cause ? cause.cause : cause)
      const message = `the tables of ${owner} cannot be made by the migrations in ${folder}: ${reason}. Ask who wrote it`
      throw new Fault('config.invalid', message, { owner, folder }, { cause })
    })
  }
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
