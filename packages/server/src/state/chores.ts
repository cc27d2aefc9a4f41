import { and, eq, gt, lte, sql } from 'drizzle-orm'
import type { Instant } from '../domain/period.ts'
import type { StateDatabase } from './database.ts'
import { isOneOf } from './one-of.ts'
import { batchCounter, chores } from './schema.ts'

/**
 * What is done now and then by one process for all: deleting what no reader can see, what is older than is kept, and old audit
 * records. `sweep` is what a hold forbids; `sweep-turn` says whose turn it is.
 */
export type Chore = 'sweep' | 'sweep-turn' | 'retention' | 'audit'

/** Whose turn it is, by the database's clock. */
export class Chores {
  readonly #db: StateDatabase

  constructor(db: StateDatabase) {
    this.#db = db
  }

  /** True for one of all callers, then for nobody until so many seconds are over. */
  async take(chore: Chore, everySeconds: number): Promise<boolean> {
    const taken = await this.#db
      .insert(chores)
      .values({ name: chore, notBefore: inSeconds(everySeconds) })
      .onConflictDoUpdate({
        target: chores.name,
        set: { notBefore: sql`excluded.not_before` },
        setWhere: lte(chores.notBefore, sql`now()`),
      })
      .returning({ name: chores.name })
    return taken.length === 1
  }

  /** The time by the database's clock. */
  async now(): Promise<Instant> {
    const [row] = await this.#db.select({ now: sql<number>`extract(epoch FROM now())::float8` }).from(batchCounter)
    return Math.floor(row!.now)
  }

  /** Nobody has these to do for so many seconds; again prolongs it. What is under way goes on. */
  async hold(names: readonly Chore[], seconds: number): Promise<void> {
    await this.#db.transaction(async (tx) => {
      for (const name of names) {
        await tx
          .insert(chores)
          .values({ name, notBefore: inSeconds(seconds) })
          .onConflictDoUpdate({
            target: chores.name,
            set: { notBefore: sql`greatest(${chores.notBefore}, excluded.not_before)` },
          })
      }
    })
  }

  /** Takes a hold back. */
  async release(names: readonly Chore[]): Promise<void> {
    await this.#db.delete(chores).where(isOneOf(chores.name, names))
  }
}

export async function isHeld(tx: StateDatabase, chore: Chore): Promise<boolean> {
  return (await tx.$count(chores, and(eq(chores.name, chore), gt(chores.notBefore, sql`now()`)))) > 0
}

function inSeconds(seconds: number) {
  return sql`now() + make_interval(secs => ${seconds})`
}
