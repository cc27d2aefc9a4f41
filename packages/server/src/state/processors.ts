import { eq, gte, lt, sql } from 'drizzle-orm'
import type { StateDatabase } from './database.ts'
import { processors } from './schema.ts'

/** Notes that a processor lives. */
export async function noteAlive(db: StateDatabase, owner: string): Promise<void> {
  await db
    .insert(processors)
    .values({ owner })
    .onConflictDoUpdate({ target: processors.owner, set: { seenAt: sql`now()` } })
}

/** How many processors gave a sign of life within so many seconds. */
export async function countAlive(db: StateDatabase, seconds: number): Promise<number> {
  return db.$count(processors, gte(processors.seenAt, sql`now() - make_interval(secs => ${seconds})`))
}

export async function forget(db: StateDatabase, owner: string): Promise<void> {
  await db.delete(processors).where(eq(processors.owner, owner))
}

export async function forgetAll(db: StateDatabase): Promise<void> {
  await db.delete(processors)
}

/** Forgets those that are long gone. */
export async function forgetDead(db: StateDatabase): Promise<void> {
  await db.delete(processors).where(lt(processors.seenAt, sql`now() - interval '1 day'`))
}
