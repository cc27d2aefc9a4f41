import { and, eq, sql } from 'drizzle-orm'
import type { StateDatabase } from './database.ts'
import { discoveries } from './schema.ts'
import type { ScopeNames } from './scope-names.ts'

/** What the last questions to a fetcher brought: the same whichever process asks. */
export interface Discovery {
  /** Seconds since the fetcher last named scopes; undefined when it never did. */
  readonly ageSeconds: number | undefined
  /** Scopes that it named then. */
  readonly scopes: number
  /** Looks in a row that failed or named no scope at all. Of several processors that look at one time, one counts. */
  readonly failures: number
  /** Why the last look failed; undefined while all is well. */
  readonly error: string | undefined
}

const KEY = [discoveries.scopeKey, discoveries.fetcher, discoveries.collector]

/** Notes that the fetcher named so many scopes, at least one. */
export async function noteDiscovery(db: StateDatabase, names: ScopeNames, scopes: number): Promise<void> {
  const row = { succeededAt: sql`now()`, scopes, failures: 0, lastError: null }
  await db
    .insert(discoveries)
    .values({ ...names, ...row })
    .onConflictDoUpdate({ target: KEY, set: row })
}

/** Notes that a look failed, or named no scope. `everySeconds`: how often each processor looks. */
export async function noteFailedDiscovery(
  db: StateDatabase,
  names: ScopeNames,
  { error, everySeconds }: { readonly error: string; readonly everySeconds: number },
): Promise<void> {
  const isNewLook = sql`${discoveries.failures} = 0 OR ${discoveries.failedAt} <= now() - make_interval(secs => ${everySeconds / 2})`
  await db
    .insert(discoveries)
    .values({ ...names, failures: 1, failedAt: sql`now()`, lastError: error })
    .onConflictDoUpdate({
      target: KEY,
      set: {
        failures: sql`CASE WHEN ${isNewLook} THEN ${discoveries.failures} + 1 ELSE ${discoveries.failures} END`,
        failedAt: sql`CASE WHEN ${isNewLook} THEN now() ELSE ${discoveries.failedAt} END`,
        lastError: error,
      },
    })
}

/** Undefined when nobody has looked yet. */
export async function readDiscovery(db: StateDatabase, names: ScopeNames): Promise<Discovery | undefined> {
  const [row] = await db
    .select({
      ageSeconds: sql<number | null>`extract(epoch FROM now() - ${discoveries.succeededAt})::float8`,
      scopes: discoveries.scopes,
      failures: discoveries.failures,
      error: discoveries.lastError,
    })
    .from(discoveries)
    .where(
      and(
        eq(discoveries.scopeKey, names.scopeKey),
        eq(discoveries.fetcher, names.fetcher),
        eq(discoveries.collector, names.collector),
      ),
    )
  return row && { ...row, ageSeconds: row.ageSeconds ?? undefined, error: row.error ?? undefined }
}
