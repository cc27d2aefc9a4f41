import { and, asc, desc, eq, gt, isNull, lt, lte, or, type SQL, sql } from 'drizzle-orm'
import { type Instant, type Period, toDate, toInstant } from '../domain/period.ts'
import type { BatchId } from '../domain/snapshot.ts'
import { Fault } from '../lib/fault.ts'
import { audited, auditTime, type Author } from './audit.ts'
import { abandonRows } from './batch-rows.ts'
import type { StateDatabase } from './database.ts'
import { type Failure, toFailure } from './failure.ts'
import { insertRows } from './insert-rows.ts'
import { isOneOf } from './one-of.ts'
import { hiddenBatches, reprocesses, scopes } from './schema.ts'
import { fromStoredDiff, toStoredDiff, type TypeDiff } from './task-diff.ts'

/** `retrying`: the last try failed, and the next one is made when its time has come. */
export const TASK_STATES = ['pending', 'running', 'retrying', 'done', 'cancelled'] as const
type TaskState = (typeof TASK_STATES)[number]

/** A task that rates a scope's past again. */
export interface Reprocess {
  readonly id: number
  readonly scopeId: string
  readonly period: Period
  readonly state: TaskState
  /** Begin of the newest period done, the period's end when all are; undefined until the first, and when it is given up. */
  readonly current: Instant | undefined
  readonly reason: string
  readonly failures: number
  /** Why the last try failed, and when the next one is made; undefined while all is well. */
  readonly failure: Failure | undefined
  /** By type; undefined until it is done, and of tasks from before diffs were kept. */
  readonly diff: readonly TypeDiff[] | undefined
}

export interface ReprocessFilter {
  readonly scopeIds?: readonly string[]
  readonly order: 'asc' | 'desc'
  readonly offset?: number
  readonly limit?: number
}

/** Which unfinished tasks are meant; each list narrows when it is not empty. */
export interface UnfinishedFilter {
  readonly scopeIds: readonly string[]
  readonly ids: readonly number[]
}

export class Reprocesses {
  readonly #db: StateDatabase

  constructor(db: StateDatabase) {
    this.#db = db
  }

  /**
   * One task per scope, all or none. Returns the first scope that has an unfinished task overlapping the period (half-open),
   * and then nothing was added.
   */
  add(scopeIds: readonly string[], period: Period, reason: string, author: Author): Promise<string | undefined> {
    return audited(this.#db, author, async (tx, record) => {
      // Two requests at the same time must not both find that nothing overlaps.
      await tx.execute(sql`LOCK TABLE ${reprocesses} IN SHARE ROW EXCLUSIVE MODE`)
      const [clash] = await tx
        .select({ scopeId: reprocesses.identifier })
        .from(reprocesses)
        .where(
          and(
            isOneOf(reprocesses.identifier, scopeIds),
            lt(reprocesses.begin, toDate(period.end)),
            gt(reprocesses.end, toDate(period.begin)),
            isUnfinished(),
          ),
        )
        .limit(1)
      if (clash) return clash.scopeId
      const [begin, end] = [toDate(period.begin), toDate(period.end)]
      await insertRows(
        tx,
        reprocesses,
        scopeIds.map((identifier) => ({ identifier, begin, end, reason })),
      )
      const after = { begin: auditTime(period.begin), end: auditTime(period.end), reason }
      await record(scopeIds.map((target) => ({ action: 'create', kind: 'reprocess', target, after }) as const))
      return undefined
    })
  }

  /** By creation, in the order asked for. */
  async list({ scopeIds, order, offset = 0, limit }: ReprocessFilter): Promise<Reprocess[]> {
    return this.#select(scopeIds?.length ? isOneOf(reprocesses.identifier, scopeIds) : undefined, {
      order,
      offset,
      limit,
    })
  }

  /** Tasks that are neither done nor cancelled nor waiting after a failure, by creation. */
  async due(limit: number): Promise<Reprocess[]> {
    return this.#select(isDue(), { order: 'asc', offset: 0, limit })
  }

  /**
   * Cancels unfinished tasks; what they were, by creation. A task that is being worked on is fenced off in the same
   * instant: nothing of it will ever be seen. Those that are done stay as they are.
   */
  cancel(filter: UnfinishedFilter, author: Author): Promise<Reprocess[]> {
    return audited(this.#db, author, async (tx, record) => {
      const meant = and(
        isUnfinished(),
        filter.scopeIds.length > 0 ? isOneOf(reprocesses.identifier, filter.scopeIds) : undefined,
        filter.ids.length > 0 ? isOneOf(sql`${reprocesses.id}::bigint`, filter.ids) : undefined,
      )
      // Batches first, then tasks: commits lock in this order too. A task that is begun in between is found by its batch.
      for (;;) {
        const running = await tx.select({ batch: reprocesses.batch }).from(reprocesses).where(and(meant, isRunning()))
        if (running.length === 0) break
        await abandonRows(
          tx,
          running.map((row) => row.batch!),
        )
      }
      const tasks = await this.#select(meant, { order: 'asc', offset: 0, limit: undefined }, tx)
      if (tasks.length === 0) return []
      await tx
        .update(reprocesses)
        .set({ cancelledAt: sql`now()` })
        .where(
          and(
            isUnfinished(),
            isOneOf(
              reprocesses.id,
              tasks.map((task) => task.id),
            ),
          ),
        )
      await record(
        tasks.map(({ scopeId, period, reason }) => {
          const before = { begin: auditTime(period.begin), end: auditTime(period.end), reason }
          return { action: 'cancel', kind: 'reprocess', target: scopeId, before } as const
        }),
      )
      return tasks
    })
  }

  /**
   * How far a batch has come with its task, for whoever watches; nothing of it is seen before the task is done. False when
   * the task is no longer this batch's: it was cancelled, or taken over.
   */
  async setCurrent(id: number, batch: BatchId, current: Instant): Promise<boolean> {
    const noted = await this.#db
      .update(reprocesses)
      .set({ current: toDate(current) })
      .where(and(eq(reprocesses.id, id), eq(reprocesses.batch, batch), isUnfinished()))
      .returning({ id: reprocesses.id })
    return noted.length === 1
  }

  async fail(id: number, error: string, retryInSeconds: number): Promise<void> {
    await this.#db
      .update(reprocesses)
      .set({
        current: null,
        failures: sql`${reprocesses.failures} + 1`,
        retryAt: sql`now() + make_interval(secs => ${retryInSeconds})`,
        lastError: error,
      })
      .where(and(eq(reprocesses.id, id), isUnfinished()))
  }

  async #select(
    where: SQL | undefined,
    { order, offset, limit }: { order: 'asc' | 'desc'; offset: number; limit: number | undefined },
    db: StateDatabase = this.#db,
  ): Promise<Reprocess[]> {
    const query = db
      .select({ task: reprocesses, running: sql<boolean>`${isRunning()}` })
      .from(reprocesses)
      .where(where)
      .orderBy(order === 'asc' ? asc(reprocesses.id) : desc(reprocesses.id))
      .offset(offset)
      .$dynamic()
    if (limit !== undefined) query.limit(limit)
    return (await query).map(({ task, running }) => toReprocess(task, running))
  }
}

/** To be called where the batch is leased. False when the task was done or cancelled meanwhile. */
export async function startReprocess(tx: StateDatabase, id: number, batch: BatchId): Promise<boolean> {
  const started = await tx
    .update(reprocesses)
    .set({ batch, current: null })
    .where(and(eq(reprocesses.id, id), isDue()))
    .returning({ id: reprocesses.id })
  return started.length === 1
}

/** To be called inside the commit of the task's batch; throws `state.fenced` when the task was cancelled meanwhile. */
export async function finishReprocess(
  tx: StateDatabase,
  { id, period }: Pick<Reprocess, 'id' | 'period'>,
  batch: BatchId,
  diff: readonly TypeDiff[],
): Promise<void> {
  const done = await tx
    .update(reprocesses)
    .set({ current: toDate(period.end), retryAt: null, lastError: null, diff: toStoredDiff(diff) })
    .where(and(eq(reprocesses.id, id), eq(reprocesses.batch, batch), isUnfinished()))
    .returning({ id: reprocesses.id })
  if (done.length !== 1) throw new Fault('state.fenced', `reprocessing ${id} was cancelled or taken over`, { batch })
}

/** Neither done nor cancelled. */
export function isUnfinished() {
  return and(isNull(reprocesses.cancelledAt), or(isNull(reprocesses.current), lt(reprocesses.current, reprocesses.end)))
}

/**
 * Tasks that reach into what a reset has taken back wait until it is rated again: done at once, the rest of the period would
 * stand there twice.
 */
function isDue() {
  return and(
    isUnfinished(),
    or(isNull(reprocesses.retryAt), lte(reprocesses.retryAt, sql`now()`)),
    sql`NOT EXISTS (SELECT 1 FROM ${scopes} WHERE ${scopes.identifier} = ${reprocesses.identifier}
      AND ${scopes.active} AND ${scopes.nextBegin} < ${reprocesses.end})`,
  )
}

/** A task whose worker is dead counts as running no longer than the lease does. */
function isRunning() {
  return sql`EXISTS (SELECT 1 FROM ${hiddenBatches} WHERE ${hiddenBatches.id} = ${reprocesses.batch}
    AND ${hiddenBatches.state} = 'pending' AND ${hiddenBatches.leaseUntil} >= now())`
}

function toReprocess(row: typeof reprocesses.$inferSelect, running: boolean): Reprocess {
  const state = stateOf(row, running)
  return {
    id: row.id,
    scopeId: row.identifier,
    period: { begin: toInstant(row.begin), end: toInstant(row.end) },
    state,
    current: row.current && (state === 'running' || state === 'done') ? toInstant(row.current) : undefined,
    reason: row.reason,
    failures: row.failures,
    failure: state === 'done' || state === 'cancelled' ? undefined : toFailure(row),
    diff: row.diff ? fromStoredDiff(row.diff) : undefined,
  }
}

function stateOf(row: typeof reprocesses.$inferSelect, running: boolean): TaskState {
  if (row.cancelledAt) return 'cancelled'
  if (row.current && row.current >= row.end) return 'done'
  if (running) return 'running'
  return row.lastError === null ? 'pending' : 'retrying'
}
