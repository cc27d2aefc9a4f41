import { and, asc, desc, eq, gt, inArray, isNull, lt, lte, or, sql } from 'drizzle-orm'
import { type Instant, type Period, toDate, toInstant } from '../domain/period.ts'
import { audited, auditTime, type Author } from './audit.ts'
import type { StateDatabase } from './database.ts'
import { reprocesses } from './schema.ts'

/** A task that rates a scope's past again. */
export interface Reprocess {
  readonly id: number
  readonly scopeId: string
  readonly period: Period
  /** Begin of the newest period done, the period's end when all are; undefined until the first. */
  readonly current: Instant | undefined
  readonly reason: string
  readonly failures: number
  readonly lastError: string | undefined
}

export interface ReprocessFilter {
  readonly scopeIds?: readonly string[]
  readonly order: 'asc' | 'desc'
  readonly offset?: number
  readonly limit?: number
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
      const [clash] = await tx
        .select({ scopeId: reprocesses.identifier })
        .from(reprocesses)
        .where(
          and(
            inArray(reprocesses.identifier, [...scopeIds]),
            lt(reprocesses.begin, toDate(period.end)),
            gt(reprocesses.end, toDate(period.begin)),
            unfinished(),
          ),
        )
        .limit(1)
      if (clash) return clash.scopeId
      if (scopeIds.length > 0) {
        await tx.insert(reprocesses).values(
          scopeIds.map((identifier) => ({
            identifier,
            begin: toDate(period.begin),
            end: toDate(period.end),
            reason,
          })),
        )
      }
      const after = { begin: auditTime(period.begin), end: auditTime(period.end), reason }
      await record(...scopeIds.map((target) => ({ action: 'create', kind: 'reprocess', target, after }) as const))
      return undefined
    })
  }

  /** By creation, in the order asked for. */
  async list({ scopeIds, order, offset = 0, limit }: ReprocessFilter): Promise<Reprocess[]> {
    const query = this.#db
      .select()
      .from(reprocesses)
      .where(scopeIds?.length ? inArray(reprocesses.identifier, [...scopeIds]) : undefined)
      .orderBy(order === 'asc' ? asc(reprocesses.id) : desc(reprocesses.id))
      .offset(offset)
      .$dynamic()
    if (limit !== undefined) query.limit(limit)
    return (await query).map(toReprocess)
  }

  /** Tasks that are neither done nor waiting after a failure, by creation. */
  async due(limit: number): Promise<Reprocess[]> {
    const rows = await this.#db
      .select()
      .from(reprocesses)
      .where(and(unfinished(), or(isNull(reprocesses.retryAt), lte(reprocesses.retryAt, sql`now()`))))
      .orderBy(asc(reprocesses.id))
      .limit(limit)
    return rows.map(toReprocess)
  }

  /** How far the work has come, for whoever watches; nothing of it is seen before the task is done. */
  async setCurrent(id: number, current: Instant): Promise<void> {
    await this.#db
      .update(reprocesses)
      .set({ current: toDate(current) })
      .where(eq(reprocesses.id, id))
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
      .where(eq(reprocesses.id, id))
  }

  /** To be called inside the commit of the task's batch. */
  static async finish(tx: StateDatabase, { id, period }: Pick<Reprocess, 'id' | 'period'>): Promise<void> {
    await tx
      .update(reprocesses)
      .set({ current: toDate(period.end), retryAt: null, lastError: null })
      .where(eq(reprocesses.id, id))
  }
}

function unfinished() {
  return or(isNull(reprocesses.current), lt(reprocesses.current, reprocesses.end))
}

function toReprocess(row: typeof reprocesses.$inferSelect): Reprocess {
  return {
    id: row.id,
    scopeId: row.identifier,
    period: { begin: toInstant(row.begin), end: toInstant(row.end) },
    current: row.current ? toInstant(row.current) : undefined,
    reason: row.reason,
    failures: row.failures,
    lastError: row.lastError ?? undefined,
  }
}
