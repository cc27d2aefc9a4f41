import type { PgDatabase, PgQueryResultHKT } from 'drizzle-orm/pg-core'

/** The state database: PGlite in this process, or a PostgreSQL server. One dialect, one schema. */
export type StateDatabase = PgDatabase<PgQueryResultHKT>

export interface State extends AsyncDisposable {
  readonly db: StateDatabase
}

/** Where drizzle's migrations lie, from the sources and from the build alike. */
export const MIGRATIONS_FOLDER = new URL('../../src/state/migrations', import.meta.url).pathname
