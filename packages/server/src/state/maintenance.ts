import { and, eq, gt, lte, sql } from 'drizzle-orm'
import type { Instant } from '../domain/period.ts'
import type { StateDatabase } from './database.ts'
import { isOneOf } from './one-of.ts'
import { batchCounter, maintenance } from './schema.ts'

/**
 * What is done now and then by one process for all: deleting what no reader can see, what is older than is kept, and old audit
 * records. `sweep` is what a hold forbids; `sweep-turn` says whose turn it is.
 */
export type MaintenanceTask = 'sweep' | 'sweep-turn' | 'retention' | 'audit'

/** Whose turn it is, by the database's clock. */
export class Maintenance {
  readonly #db: StateDatabase

  constructor(db: StateDatabase) {
    this.#db = db
  }

  /** True for one of all callers, then for nobody until so many seconds are over. */
  async take(task: MaintenanceTask, everySeconds: number): Promise<boolean> {
    const taken = await this.#db
      .insert(maintenance)
      .values({ name: task, notBefore: inSeconds(everySeconds) })
      .onConflictDoUpdate({
        target: maintenance.name,
        set: { notBefore: sql`excluded.not_before` },
        setWhere: lte(maintenance.notBefore, sql`now()`),
      })
      .returning({ name: maintenance.name })
    return taken.length === 1
  }

  /** The time by the database's clock. */
  async now(): Promise<Instant> {
    const [row] = await this.#db.select({ now: sql<number>`extract(epoch FROM now())::float8` }).from(batchCounter)
    return Math.floor(row!.now)
  }

  /** Nobody has these to do for so many seconds; again prolongs it. What is under way goes on. */
  async hold(names: readonly MaintenanceTask[], seconds: number): Promise<void> {
    await this.#db.transaction(async (tx) => {
      for (const name of names) {
        await tx
          .insert(maintenance)
          .values({ name, notBefore: inSeconds(seconds) })
          .onConflictDoUpdate({
            target: maintenance.name,
            set: { notBefore: sql`greatest(${maintenance.notBefore}, excluded.not_before)` },
          })
      }
    })
  }

  /** Takes a hold back. */
  async release(names: readonly MaintenanceTask[]): Promise<void> {
    await this.#db.delete(maintenance).where(isOneOf(maintenance.name, names))
  }
}

export async function isHeld(tx: StateDatabase, task: MaintenanceTask): Promise<boolean> {
  return (await tx.$count(maintenance, and(eq(maintenance.name, task), gt(maintenance.notBefore, sql`now()`)))) > 0
}

function inSeconds(seconds: number) {
  return sql`now() + make_interval(secs => ${seconds})`
}
