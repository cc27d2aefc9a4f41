import { and, asc, desc, eq, gte, isNull, lt, not, type SQL, sql } from 'drizzle-orm'
import { type Instant, type Period, toDate, toInstant } from '../domain/period.ts'
import type { BatchId, Snapshot } from '../domain/snapshot.ts'
import { audited, auditTime, type Author } from './audit.ts'
import { abandonRows } from './batch-rows.ts'
import type { StateDatabase } from './database.ts'
import { type Failure, toFailure } from './failure.ts'
import { insertRows } from './insert-rows.ts'
import { isAmong, isOneOf } from './one-of.ts'
import { isOpenReset, RESTORABLE } from './reset-conditions.ts'
import { TASK_STATES, type UnfinishedFilter } from './reprocesses.ts'
import { hiddenBatches, NO_FAILURE, scopeResets, scopes, tombstones } from './schema.ts'
import type { ScopeNames } from './scope-names.ts'
import {
  fromStoredDiff,
  fromStoredSums,
  toStoredDiff,
  toStoredSums,
  type TypeDiff,
  type TypeSums,
} from './task-diff.ts'
import { toTombstone } from './tombstones.ts'

/** `superseded`: a later reset of the same scope has taken its place. */
export const RESET_STATES = [...TASK_STATES, 'superseded'] as const
export type ResetState = (typeof RESET_STATES)[number]

/** A reset that took rated periods back: it is done when the scope is where it was. */
export interface Reset extends ScopeNames {
  readonly id: number
  readonly scopeId: string
  readonly state: ResetState
  /** From the reset's moment to the begin of the period that was to be rated next. */
  readonly period: Period
  /** How far the period is rated again. */
  readonly current: Instant
  /** What was taken back can still be brought back. */
  readonly cancellable: boolean
  readonly failure: Failure | undefined
  /** By type; undefined until it is done and the sums were taken. */
  readonly diff: readonly TypeDiff[] | undefined
}

/** A reset whose sums are to be taken. */
export interface UnmeasuredReset {
  readonly id: number
  readonly scopeId: string
  readonly period: Period
  /** The tombstone that took the points back; points of batches up to `upTo`. */
  readonly tombstone: number
  readonly upTo: BatchId
  /** As they were; undefined until they were taken. */
  readonly before: TypeSums | undefined
}

export interface CancelledResets {
  readonly cancelled: readonly Reset[]
  /** Of these the scope is being rated again already, or what it had is deleted. */
  readonly tooLate: readonly Reset[]
}

/** What became of resets: how far the scopes are rated again, and what that changed. */
export class Resets {
  readonly #db: StateDatabase

  constructor(db: StateDatabase) {
    this.#db = db
  }

  /** By creation, in the order asked for. */
  list({
    scopeIds,
    order,
    offset = 0,
    limit,
  }: {
    readonly scopeIds: readonly string[]
    readonly order: 'asc' | 'desc'
    readonly offset?: number
    readonly limit?: number
  }): Promise<Reset[]> {
    const where = scopeIds.length > 0 ? isOneOf(scopes.identifier, scopeIds) : undefined
    return this.#select(this.#db, where, { order, offset, limit })
  }

  /**
   * Brings back what unfinished resets took, and the scopes to where they were: one commit, at once visible. Only while
   * nothing was rated since; a batch that is being rated for one of the scopes is fenced off.
   */
  cancel({ scopeIds, ids }: UnfinishedFilter, author: Author): Promise<CancelledResets> {
    return audited(this.#db, author, async (tx, record) => {
      const meant = and(
        isOpenReset(),
        lt(scopes.nextBegin, scopeResets.end),
        scopeIds.length > 0 ? isOneOf(scopes.identifier, scopeIds) : undefined,
        ids.length > 0 ? isOneOf(sql`${scopeResets.id}::bigint`, ids) : undefined,
      )
      const sharedTombstones = (which: SQL | undefined) =>
        tx
          .select({ tombstone: scopeResets.tombstone })
          .from(scopeResets)
          .innerJoin(scopes, eq(scopes.id, scopeResets.scope))
          .where(which)
      // Claims, commits and resets lock scopes first as well: from here on these stay where they are.
      const sharing = tx
        .select({ id: scopeResets.scope })
        .from(scopeResets)
        .where(isAmong(scopeResets.tombstone, sharedTombstones(meant)))
      await tx
        .select({ id: scopes.id })
        .from(scopes)
        .where(isAmong(scopes.id, sharing))
        .orderBy(asc(scopes.id))
        .for('update')
      const all = { order: 'asc', offset: 0, limit: undefined } as const
      const tooLate = await this.#select(tx, and(meant, not(isRestorable())), all)
      // Whoever shares a tombstone goes back too.
      const restorable = and(isOpenReset(), isRestorable(), isAmong(scopeResets.tombstone, sharedTombstones(meant)))
      const cancelled = await this.#select(tx, restorable, all)
      if (cancelled.length > 0) await restore(tx, cancelled)
      await record(
        cancelled.map(({ scopeId, period }) => {
          const before = { last_processed_timestamp: auditTime(period.begin) }
          return { action: 'cancel', kind: 'reset', target: scopeId, before } as const
        }),
      )
      return { cancelled, tooLate }
    })
  }

  /** Resets whose sums before are not taken yet: at most so many. */
  unmeasured(limit: number): Promise<UnmeasuredReset[]> {
    return this.#unmeasured(isNull(scopeResets.before), limit)
  }

  /** Resets whose scopes are where they were, and whose sums after are not taken yet: at most so many. */
  arrived(limit: number): Promise<UnmeasuredReset[]> {
    return this.#unmeasured(gte(scopes.nextBegin, scopeResets.end), limit)
  }

  async #unmeasured(which: SQL, limit: number): Promise<UnmeasuredReset[]> {
    const rows = await this.#db
      .select({ reset: scopeResets, scopeId: scopes.identifier })
      .from(scopeResets)
      .innerJoin(scopes, eq(scopes.id, scopeResets.scope))
      .where(and(isOpenReset(), which))
      .orderBy(asc(scopeResets.id))
      .limit(limit)
    return rows.map(({ reset, scopeId }) => ({
      id: reset.id,
      scopeId,
      period: { begin: toInstant(reset.begin), end: toInstant(reset.end) },
      tombstone: reset.tombstone,
      upTo: reset.upTo,
      before: reset.before ? fromStoredSums(reset.before) : undefined,
    }))
  }

  /** What readers saw before the reset that made these tombstones: for as long as the sweep leaves them. */
  async snapshotBefore({
    upTo,
    tombstones: own,
  }: {
    upTo: BatchId
    tombstones: readonly number[]
  }): Promise<Snapshot | undefined> {
    return this.#db.transaction(
      async (tx) => {
        const hidden = await tx.select({ id: hiddenBatches.id }).from(hiddenBatches).orderBy(asc(hiddenBatches.id))
        const rows = await tx.select().from(tombstones).orderBy(asc(tombstones.id))
        if (!own.every((id) => rows.some((row) => row.id === id))) return undefined
        const newest = Math.max(...own)
        const older = rows.filter((row) => row.id < newest && !own.includes(row.id))
        return {
          highest: upTo,
          hidden: hidden.map((row) => row.id),
          tombstones: older.map(toTombstone),
        }
      },
      { isolationLevel: 'repeatable read' },
    )
  }

  async setBefore(id: number, before: TypeSums): Promise<void> {
    await this.#db
      .update(scopeResets)
      .set({ before: toStoredSums(before) })
      .where(and(eq(scopeResets.id, id), isNull(scopeResets.before)))
  }

  /** Notes that it is done; without a diff when what was before could not be told any more. */
  async finish(id: number, diff: readonly TypeDiff[] | undefined): Promise<void> {
    await this.#db
      .update(scopeResets)
      .set({ finishedAt: sql`now()`, ...(diff ? { diff: toStoredDiff(diff) } : {}) })
      .where(and(eq(scopeResets.id, id), isOpenReset()))
  }

  async #select(
    db: StateDatabase,
    where: SQL | undefined,
    { order, offset, limit }: { order: 'asc' | 'desc'; offset: number; limit: number | undefined },
  ): Promise<Reset[]> {
    const query = db
      .select({ reset: scopeResets, scope: scopes, restorable: sql<boolean>`${isRestorable()}` })
      .from(scopeResets)
      .innerJoin(scopes, eq(scopes.id, scopeResets.scope))
      .where(where)
      .orderBy(order === 'asc' ? asc(scopeResets.id) : desc(scopeResets.id))
      .offset(offset)
      .$dynamic()
    if (limit !== undefined) query.limit(limit)
    return (await query).map(toReset)
  }
}

/**
 * Notes a reset, in its transaction: the scopes' rows as they were before, from where on each is taken back, and the tombstone of
 * each scope id. Takes the place of earlier ones that are not done.
 */
export async function beginResets(
  tx: StateDatabase,
  rows: readonly (typeof scopes.$inferSelect)[],
  beginOf: (row: { readonly id: number }) => Instant,
  taken: { readonly tombstones: ReadonlyMap<string, number>; readonly upTo: BatchId },
): Promise<void> {
  const ids = rows.map((row) => row.id)
  await tx
    .update(scopeResets)
    .set({ supersededAt: sql`now()` })
    .where(and(isOneOf(scopeResets.scope, ids), isOpenReset()))
  const back = rows.filter((row) => toInstant(row.nextBegin) > beginOf(row))
  if (back.length === 0) return
  await insertRows(
    tx,
    scopeResets,
    back.map((row) => ({
      scope: row.id,
      begin: toDate(beginOf(row)),
      end: row.nextBegin,
      lastProcessed: row.lastProcessed,
      tombstone: taken.tombstones.get(row.identifier)!,
      upTo: taken.upTo,
    })),
  )
}

/** Rows of the same scope id that were reset together share a tombstone: it goes only when none of them was rated since. */
function isRestorable() {
  return sql`(EXISTS (SELECT 1 FROM ${tombstones} WHERE ${tombstones.id} = ${scopeResets.tombstone}
      AND ${tombstones.createdAt} > now() - ${RESTORABLE}::interval)
    AND NOT EXISTS (SELECT 1 FROM scope_resets AS sibling JOIN scopes AS own ON own.id = sibling.scope
      WHERE sibling.tombstone = ${scopeResets.tombstone} AND (own.next_begin <> sibling.start_reset_time OR sibling.superseded_at IS NOT NULL)))`
}

async function restore(tx: StateDatabase, resets: readonly Reset[]): Promise<void> {
  const ids = resets.map((reset) => reset.id)
  const rows = await tx
    .select({ tombstone: scopeResets.tombstone, lease: scopes.leaseBatch })
    .from(scopeResets)
    .innerJoin(scopes, eq(scopes.id, scopeResets.scope))
    .where(isOneOf(scopeResets.id, ids))
  const leases = rows.flatMap((row) => (row.lease === null ? [] : [row.lease]))
  if (leases.length > 0) await abandonRows(tx, leases)
  await tx
    .update(scopes)
    .set({
      nextBegin: sql`${scopeResets.end}`,
      lastProcessed: sql`${scopeResets.lastProcessed}`,
      ...NO_FAILURE,
    })
    .from(scopeResets)
    .where(and(eq(scopeResets.scope, scopes.id), isOneOf(scopeResets.id, ids)))
  await tx.delete(tombstones).where(
    isOneOf(
      tombstones.id,
      rows.map((row) => row.tombstone),
    ),
  )
  await tx
    .update(scopeResets)
    .set({ cancelledAt: sql`now()` })
    .where(isOneOf(scopeResets.id, ids))
}

function toReset({
  reset,
  scope,
  restorable,
}: {
  reset: typeof scopeResets.$inferSelect
  scope: typeof scopes.$inferSelect
  restorable: boolean
}): Reset {
  const period = { begin: toInstant(reset.begin), end: toInstant(reset.end) }
  const state = stateOf(reset, scope)
  const open = state !== 'done' && state !== 'cancelled' && state !== 'superseded'
  return {
    id: reset.id,
    scopeId: scope.identifier,
    scopeKey: scope.scopeKey,
    fetcher: scope.fetcher,
    collector: scope.collector,
    state,
    period,
    current:
      state === 'done'
        ? period.end
        : open
          ? Math.min(period.end, Math.max(period.begin, toInstant(scope.nextBegin)))
          : period.begin,
    cancellable: open && restorable,
    failure: open ? toFailure(scope) : undefined,
    diff: reset.diff ? fromStoredDiff(reset.diff) : undefined,
  }
}

function stateOf(reset: typeof scopeResets.$inferSelect, scope: typeof scopes.$inferSelect): ResetState {
  if (reset.cancelledAt) return 'cancelled'
  if (reset.supersededAt) return 'superseded'
  if (reset.finishedAt || scope.nextBegin >= reset.end) return 'done'
  if (scope.lastError !== null) return 'retrying'
  return scope.nextBegin > reset.begin || scope.leaseBatch !== null ? 'running' : 'pending'
}
