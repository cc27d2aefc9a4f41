import { and, asc, isNotNull, sql } from 'drizzle-orm'
import { toDate } from '../domain/period.ts'
import type { StateDatabase } from './database.ts'
import { type DueRequest, isDue, isLate, ofSource } from './due.ts'
import { scopes } from './schema.ts'

/** How far the rating of a fetcher's and collector's scopes is behind, as state says: the same whichever process asks. */
export interface Lateness {
  /** Scopes that are known and active. */
  readonly scopes: number
  /** Of those, the ones with something due of which the last try failed. */
  readonly failing: number
  /** Periods of scopes that are due, and free to be rated now: no failure keeps them waiting, and no processor holds them. */
  readonly freePeriods: number
  /** Age of the oldest period that is due and not rated, seconds since its end; 0 when none is. */
  readonly lagSeconds: number
}

/** One statement, whatever the number of scopes. */
export async function readLateness(db: StateDatabase, request: DueRequest): Promise<Lateness> {
  const { now, periodSeconds } = request
  const late = isLate(request)
  const [row] = await db
    .select({
      scopes: sql<number>`count(*)::int`,
      failing: sql<number>`count(*) FILTER (WHERE ${late} AND ${scopes.lastError} IS NOT NULL)::int`,
      freePeriods: sql<number>`coalesce(sum(${latePeriods(request)}) FILTER (WHERE ${isDue(request)}
        AND (${scopes.leaseUntil} IS NULL OR ${scopes.leaseUntil} < now())), 0)::float8`,
      lagSeconds: sql<number>`coalesce(max(${now}::float8 - extract(epoch FROM ${scopes.nextBegin}) - ${periodSeconds}::float8)
        FILTER (WHERE ${late}), 0)::float8`,
    })
    .from(scopes)
    .where(and(ofSource(request), scopes.active))
  return row!
}

/** Scopes with something due of which the last try failed, by creation, with what went wrong. */
export async function listFailing(
  db: StateDatabase,
  request: DueRequest,
): Promise<{ readonly scopeId: string; readonly error: string }[]> {
  return db
    .select({ scopeId: scopes.identifier, error: sql<string>`${scopes.lastError}` })
    .from(scopes)
    .where(and(isLate(request), isNotNull(scopes.lastError)))
    .orderBy(asc(scopes.id))
}

/** Periods of a late scope that are due: settled, and begun before the scope was seen last. As `duePeriods`. */
function latePeriods({ now, periodSeconds, waitPeriods }: DueRequest) {
  const settled = toDate(now - Math.max(waitPeriods, 1) * periodSeconds).toISOString()
  const begun = (until: unknown) => sql`extract(epoch FROM (${until} - ${scopes.nextBegin})) / ${periodSeconds}::float8`
  return sql`least(ceil(${begun(sql`${settled}::timestamptz`)}), floor(${begun(scopes.seenAt)}) + 1)`
}
