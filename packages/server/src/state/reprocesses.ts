import { and, asc, desc, eq, gt, inArray, isNull, lt, or } from 'drizzle-orm'
import { type Instant, type Period, toDate, toInstant } from '../domain/period.ts'
import type { StateDatabase } from './database.ts'
import { reprocesses } from './schema.ts'

/** A task that rates a scope's past again. */
export interface Reprocess {
  readonly id: number
  readonly scopeId: string
  readonly period: Period
  /** Begin of the newest period done; undefined until the first. */
  readonly current: Instant | undefined
  readonly reason: string
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
  async add(scopeIds: readonly string[], period: Period, reason: string): Promise<string | undefined> {
    return this.#db.transaction(async (tx) => {
      const [clash] = await tx
        .select({ scopeId: reprocesses.identifier })
        .from(reprocesses)
        .where(
          and(
            inArray(reprocesses.identifier, [...scopeIds]),
            lt(reprocesses.begin, toDate(period.end)),
            gt(reprocesses.end, toDate(period.begin)),
            or(isNull(reprocesses.current), lt(reprocesses.current, reprocesses.end)),
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
    const rows = await query
    return rows.map((row) => ({
      id: row.id,
      scopeId: row.identifier,
      period: { begin: toInstant(row.begin), end: toInstant(row.end) },
      current: row.current ? toInstant(row.current) : undefined,
      reason: row.reason,
    }))
  }

  async setCurrent(id: number, current: Instant): Promise<void> {
    await this.#db
      .update(reprocesses)
      .set({ current: toDate(current) })
      .where(eq(reprocesses.id, id))
  }
}
