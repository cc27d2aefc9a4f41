import { eq, lt, sql } from 'drizzle-orm'
import type { BatchId } from '../domain/snapshot.ts'
import type { StateDatabase } from './database.ts'
import { idempotencyKeys } from './schema.ts'

/** Requests that carried an `Idempotency-Key`: a repetition is answered and not done again. Kept for 7 days. */
export class IdempotencyKeys {
  readonly #db: StateDatabase

  constructor(db: StateDatabase) {
    this.#db = db
  }

  /** The digest of the body that was done under this key. */
  async find(key: string): Promise<string | undefined> {
    const [row] = await this.#db.select().from(idempotencyKeys).where(eq(idempotencyKeys.key, key))
    return row?.digest
  }
}

/** To be called inside the commit of the request's batch. Throws when the key was used meanwhile. */
export async function recordIdempotencyKey(
  tx: StateDatabase,
  entry: { key: string; digest: string; batch: BatchId },
): Promise<void> {
  await tx.insert(idempotencyKeys).values({ ...entry })
  await tx.delete(idempotencyKeys).where(lt(idempotencyKeys.createdAt, sql`now() - interval '7 days'`))
}
