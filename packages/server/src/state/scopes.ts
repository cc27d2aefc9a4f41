import { and, asc, eq, isNull, sql } from 'drizzle-orm'
import { type Instant, periodBegin, toDate, toInstant } from '../domain/period.ts'
import { audited, auditTime, type Author } from './audit.ts'
import { chunksOf } from '../lib/chunks.ts'
import { abandonRows } from './batch-rows.ts'
import type { StateDatabase } from './database.ts'
import { type Failure, toFailure } from './failure.ts'
import { isOneOf } from './one-of.ts'
import { beginResets, Resets } from './resets.ts'
import { batchCounter, NO_FAILURE, scopeInactivity, scopes } from './schema.ts'
import type { ScopeNames } from './scope-names.ts'
import { insertTombstones } from './tombstones.ts'

/** One billed unit as the API shows it. */
export interface Scope extends ScopeNames {
  /** Row id. */
  readonly id: number
  readonly scopeId: string
  /** Begin of the newest rated period, or what a reset set; undefined before the first. */
  readonly lastProcessed: Instant | undefined
  /** Begin of the next period to rate. */
  readonly nextBegin: Instant
  readonly active: boolean
  readonly activeSince: Instant
  /** Why the last try failed, and when the next one is made; undefined while all is well. */
  readonly failure: Failure | undefined
}

/** Each list narrows when it is not empty. */
export interface ScopeFilter {
  readonly scopeIds?: readonly string[]
  readonly scopeKeys?: readonly string[]
  readonly fetchers?: readonly string[]
  readonly collectors?: readonly string[]
  readonly active?: readonly boolean[]
  readonly offset?: number
  readonly limit?: number
}

/** The scopes of a fetcher and a collector. */
export function ofNames({ scopeKey, fetcher, collector }: ScopeNames): ScopeFilter {
  return { scopeKeys: [scopeKey], fetchers: [fetcher], collectors: [collector] }
}

export interface ScopeChange {
  readonly scopeKey?: string
  readonly fetcher?: string
  readonly collector?: string
  readonly active?: boolean
}

/** Rows per statement. */
const SEEN_AT_ONCE = 1000

/** Who is billed, and how far. */
export class Scopes {
  /** What became of their resets. */
  readonly resets: Resets
  readonly #db: StateDatabase

  constructor(db: StateDatabase) {
    this.#db = db
    this.resets = new Resets(db)
  }

  /**
   * Notes that the fetcher named these scopes at `now`; those it names for the first time begin at `begin`. Scopes that it
   * no longer names stay known, and are rated up to when they were seen last.
   */
  async see(scopeIds: readonly string[], names: ScopeNames, now: Instant, begin: Instant): Promise<void> {
    for (const chunk of chunksOf(scopeIds, SEEN_AT_ONCE)) {
      await this.#db
        .insert(scopes)
        .values(
          chunk.map((identifier) => ({
            identifier,
            ...names,
            nextBegin: toDate(begin),
            activeSince: toDate(now),
            seenAt: toDate(now),
          })),
        )
        .onConflictDoUpdate({
          target: [scopes.identifier, scopes.scopeKey, scopes.fetcher, scopes.collector],
          set: { seenAt: sql`greatest(${scopes.seenAt}, excluded.seen_at)` },
        })
    }
  }

  /**
   * Notes that the fetcher could not be asked: those that it named last count as seen at `now`, so that they go on. Scopes
   * that had gone before stay gone.
   */
  async keepSeen(names: ScopeNames, now: Instant): Promise<void> {
    const newest = this.#db
      .select({ at: sql`max(${scopes.seenAt})` })
      .from(scopes)
      .where(named(names))
    await this.#db
      .update(scopes)
      .set({ seenAt: sql`greatest(${scopes.seenAt}, ${toDate(now).toISOString()}::timestamptz)` })
      .where(and(named(names), eq(scopes.seenAt, newest)))
  }

  /** The ids of these names that are known already. */
  async known(names: ScopeNames): Promise<Set<string>> {
    const rows = await this.#db.select({ id: scopes.identifier }).from(scopes).where(named(names))
    return new Set(rows.map((row) => row.id))
  }

  /** By creation. */
  async list(filter: ScopeFilter = {}): Promise<Scope[]> {
    const query = this.#db.select().from(scopes).where(matches(filter)).orderBy(asc(scopes.id)).$dynamic()
    if (filter.limit !== undefined) query.limit(filter.limit)
    const rows = await query.offset(filter.offset ?? 0)
    return rows.map(toScope)
  }

  /**
   * Another text whenever active scopes of these names have come, gone, or are rated up to another moment: for whoever reads
   * them again and again. Two that move as far against each other at once may go unseen until one moves again.
   */
  async progress(names: ScopeNames): Promise<string> {
    const [row] = await this.#db
      .select({
        text: sql<string>`concat_ws(' ', count(*), max(${scopes.id}), sum(extract(epoch FROM ${scopes.nextBegin})),
          count(${scopes.lastProcessed}))`,
      })
      .from(scopes)
      .where(and(named(names), scopes.active))
    return row!.text
  }

  /** Distinct ids of every scope ever registered, by creation, as many as are asked for. */
  async ids(limit: number): Promise<string[]> {
    const rows = await this.#db
      .select({ identifier: scopes.identifier })
      .from(scopes)
      .groupBy(scopes.identifier)
      .orderBy(asc(sql`min(${scopes.id})`))
      .limit(limit)
    return rows.map((row) => row.identifier)
  }

  /** A new scope of which everything up to and with the period at `lastProcessed` counts as rated. */
  create(
    scope: ScopeNames & { scopeId: string; lastProcessed: Instant; active: boolean },
    periodSeconds: number,
    now: Instant,
    author: Author,
  ): Promise<Scope | undefined> {
    return audited(this.#db, author, async (tx, record) => {
      const [row] = await tx
        .insert(scopes)
        .values({
          identifier: scope.scopeId,
          scopeKey: scope.scopeKey,
          fetcher: scope.fetcher,
          collector: scope.collector,
          lastProcessed: toDate(scope.lastProcessed),
          nextBegin: toDate(scope.lastProcessed + periodSeconds),
          active: scope.active,
          activeSince: toDate(now),
          seenAt: toDate(now),
        })
        .onConflictDoNothing()
        .returning()
      if (!row) return undefined
      if (!scope.active) await tx.insert(scopeInactivity).values({ scope: row.id, begin: toDate(now) })
      const created = toScope(row)
      await record({ action: 'create', kind: 'scope', target: created.scopeId, after: toAudit(created) })
      return created
    })
  }

  /** Changes one scope; switching it off or on is remembered, so that the time in between is never billed. */
  patch(id: number, change: ScopeChange, now: Instant, author: Author): Promise<Scope> {
    return audited(this.#db, author, async (tx, record) => {
      const [before] = await tx.select().from(scopes).where(eq(scopes.id, id)).for('update')
      if (!before) throw new Error(`no scope row ${id}`)
      const toggled = change.active !== undefined && change.active !== before.active
      if (toggled) {
        if (change.active) {
          await tx
            .update(scopeInactivity)
            .set({ end: toDate(now) })
            .where(and(eq(scopeInactivity.scope, id), isNull(scopeInactivity.end)))
        } else {
          await tx.insert(scopeInactivity).values({ scope: id, begin: toDate(now) })
        }
      }
      const [after] = await tx
        .update(scopes)
        .set({ ...change, ...(toggled ? { activeSince: toDate(now) } : {}), identifier: before.identifier })
        .where(eq(scopes.id, id))
        .returning()
      const patched = toScope(after!)
      const known = { before: toAudit(toScope(before)), after: toAudit(patched) }
      await record({ action: 'update', kind: 'scope', target: patched.scopeId, ...known })
      return patched
    })
  }

  /**
   * Takes back everything from a moment on and rates again from there: one commit, at once visible. A moment inside a period
   * means its begin, by each scope's own periods. A batch that is being rated for one of the scopes is fenced off.
   */
  async reset(
    ids: readonly number[],
    { at, periodSeconds }: { readonly at: Instant; readonly periodSeconds: number },
    author: Author,
  ): Promise<void> {
    await audited(this.#db, author, async (tx, record) => {
      const rows = await tx.select().from(scopes).where(isOneOf(scopes.id, ids)).orderBy(asc(scopes.id)).for('update')
      const leases = [...new Set(rows.flatMap((row) => (row.leaseBatch === null ? [] : [row.leaseBatch])))]
      if (leases.length > 0) await abandonRows(tx, leases)
      // Taking the counter's lock makes "all batches so far" an exact notion.
      const [counter] = await tx.select({ value: batchCounter.value }).from(batchCounter).for('update')
      const begins = new Map(
        rows.map(({ id, nextBegin }) => [
          id,
          periodBegin({ origin: toInstant(nextBegin), seconds: periodSeconds }, at),
        ]),
      )
      const beginOf = ({ id }: { readonly id: number }) => begins.get(id)!
      for (const begin of new Set(begins.values())) {
        const [lastProcessed, nextBegin] = [toDate(begin), toDate(begin)]
        const own = rows.filter((row) => beginOf(row) === begin).map((row) => row.id)
        await tx
          .update(scopes)
          .set({ lastProcessed, nextBegin, ...NO_FAILURE })
          .where(isOneOf(scopes.id, own))
      }
      // Rows of one scope id share a tombstone. Where their periods lie differently, none of the one begins between its own
      // moment and the other's: both lie in the last period before `at`.
      const firsts = new Map<string, Instant>()
      for (const row of rows) {
        firsts.set(row.identifier, Math.min(beginOf(row), firsts.get(row.identifier) ?? Infinity))
      }
      const entries = [...firsts].map(([scopeId, begin]) => ({ scopeId, begin, end: undefined }))
      if (entries.length > 0) {
        const upTo = counter!.value
        const numbers = await insertTombstones(tx, entries, upTo)
        const taken = new Map(entries.map(({ scopeId }, i) => [scopeId, numbers[i]!]))
        await beginResets(tx, rows, beginOf, { tombstones: taken, upTo })
      }
      await record(
        rows.map(toScope).map((scope) => {
          const before = { last_processed_timestamp: auditTime(scope.lastProcessed) }
          const after = { last_processed_timestamp: auditTime(beginOf(scope)) }
          return { action: 'reset', kind: 'scope', target: scope.scopeId, before, after } as const
        }),
      )
    })
  }
}

function named(names: ScopeNames) {
  return and(
    eq(scopes.scopeKey, names.scopeKey),
    eq(scopes.fetcher, names.fetcher),
    eq(scopes.collector, names.collector),
  )
}

function matches({ scopeIds, scopeKeys, fetchers, collectors, active }: ScopeFilter) {
  return and(
    scopeIds?.length ? isOneOf(scopes.identifier, scopeIds) : undefined,
    scopeKeys?.length ? isOneOf(scopes.scopeKey, scopeKeys) : undefined,
    fetchers?.length ? isOneOf(scopes.fetcher, fetchers) : undefined,
    collectors?.length ? isOneOf(scopes.collector, collectors) : undefined,
    active?.length ? isOneOf(scopes.active, active) : undefined,
  )
}

function toAudit({ scopeKey, fetcher, collector, active, lastProcessed }: Scope) {
  const last_processed_timestamp = auditTime(lastProcessed)
  return { scope_key: scopeKey, fetcher, collector, active, last_processed_timestamp }
}

function toScope(row: typeof scopes.$inferSelect): Scope {
  return {
    id: row.id,
    scopeId: row.identifier,
    scopeKey: row.scopeKey,
    fetcher: row.fetcher,
    collector: row.collector,
    lastProcessed: row.lastProcessed ? toInstant(row.lastProcessed) : undefined,
    nextBegin: toInstant(row.nextBegin),
    active: row.active,
    activeSince: toInstant(row.activeSince),
    failure: toFailure(row),
  }
}
