import { and, desc, eq, gt, isNotNull, lt, ne, sql } from 'drizzle-orm'
import type { Instant } from '../domain/period.ts'
import type { StateDatabase } from './database.ts'
import { clocks, hiddenBatches, maintenance, processors, reprocesses, scopes } from './schema.ts'

/** What was believed of the time on one start of a machine. All in seconds. */
export interface StoredClock {
  /** Unix time, when the machine had been up for so long. */
  readonly anchor: { readonly time: number; readonly uptime: number }
  /** How far the clock is off from there, ahead if positive, and since which uptime; undefined while all is well. */
  readonly doubt: { readonly offSeconds: number; readonly since: number } | undefined
}

/** What was believed last on this start of this machine; undefined when nothing was. */
export async function readClock(db: StateDatabase, bootId: string): Promise<StoredClock | undefined> {
  const [row] = await db.select().from(clocks).where(eq(clocks.bootId, bootId))
  if (!row) return undefined
  const { time, uptime, offSeconds, since } = row
  return { anchor: { time, uptime }, doubt: since === null ? undefined : { offSeconds, since } }
}

/** Notes it for whoever starts later on the same start of the machine. Starts that are long gone are forgotten. */
export async function saveClock(db: StateDatabase, bootId: string, { anchor, doubt }: StoredClock): Promise<void> {
  const set = { ...anchor, offSeconds: doubt?.offSeconds ?? 0, since: doubt?.since ?? null }
  await db
    .insert(clocks)
    .values({ bootId, ...set })
    .onConflictDoUpdate({ target: clocks.bootId, set })
  await db.delete(clocks).where(and(ne(clocks.bootId, bootId), lt(clocks.time, anchor.time - FORGOTTEN_SECONDS)))
}

/** The clock that is furthest ahead of what is believed, in seconds; 0 when none is. Machines that are gone do not count. */
export async function readClockAhead(db: StateDatabase): Promise<number> {
  const newest = sql`(SELECT max(${clocks.time}) FROM ${clocks})`
  const [row] = await db
    .select({ off: clocks.offSeconds })
    .from(clocks)
    .where(gt(clocks.time, sql`${newest} - ${ALIVE_SECONDS}::float8`))
    .orderBy(desc(clocks.offSeconds))
    .limit(1)
  return Math.max(0, row?.off ?? 0)
}

const FORGOTTEN_SECONDS = 30 * 24 * 3600
const ALIVE_SECONDS = 3600

/** Scopes of which periods count as rated that are not over. */
export interface ScopesAhead {
  readonly count: number
  /** How far they are rated. */
  readonly until: Instant | undefined
  /** Some of them. */
  readonly examples: readonly string[]
}

/** As `now` is believed; by the database's clock where nobody says. */
export async function readScopesAhead(db: StateDatabase, now?: Instant): Promise<ScopesAhead> {
  const present = now === undefined ? sql`now()` : sql`to_timestamp(${now}::float8)`
  const [row] = await db
    .select({
      count: sql<number>`count(*)::int`,
      until: sql<number | null>`extract(epoch FROM max(${scopes.nextBegin}))::float8`,
      examples: sql<string[] | null>`(array_agg(${scopes.identifier} ORDER BY ${scopes.id}))[1:10]`,
    })
    .from(scopes)
    .where(and(isNotNull(scopes.ratedFrom), isNotNull(scopes.lastProcessed), sql`${scopes.nextBegin} > ${present}`))
  return { count: row!.count, until: row!.until ?? undefined, examples: row!.examples ?? [] }
}

/**
 * Takes back what a clock that was fast has put off: nothing waits longer than it could have been told to by a clock that is right.
 * Holds of maintenance stay, since an operator says how long they last.
 */
export async function mendPutOff(
  db: StateDatabase,
  { retrySeconds, leaseSeconds }: { readonly retrySeconds: number; readonly leaseSeconds: number },
): Promise<void> {
  const within = (seconds: number) => sql`now() + make_interval(secs => ${seconds})`
  const now = sql`now()`
  await db
    .update(scopes)
    .set({ retryAt: now })
    .where(gt(scopes.retryAt, within(retrySeconds)))
  await db
    .update(reprocesses)
    .set({ retryAt: now })
    .where(gt(reprocesses.retryAt, within(retrySeconds)))
  await db
    .update(maintenance)
    .set({ notBefore: now })
    .where(and(sql`${maintenance.name} IN ('sweep-turn', 'audit')`, gt(maintenance.notBefore, within(3600))))
  // Whoever lives prolongs its own in a third of that time.
  await db.delete(processors).where(gt(processors.seenAt, within(leaseSeconds)))
  const leaseUntil = within(leaseSeconds)
  const tooLong = within(leaseSeconds + 3600)
  await db.update(scopes).set({ leaseUntil }).where(gt(scopes.leaseUntil, tooLong))
  await db.update(hiddenBatches).set({ leaseUntil }).where(gt(hiddenBatches.leaseUntil, tooLong))
}
