import { and, eq, sql } from 'drizzle-orm'
import type { BatchId } from '../domain/snapshot.ts'
import type { StateDatabase } from './database.ts'
import { isOneOf } from './one-of.ts'
import { batchCounter, hiddenBatches, scopes } from './schema.ts'

export type BatchKind = (typeof hiddenBatches.$inferSelect)['kind']

/** Who writes batches, and for how long after its last sign of life nobody else takes them over. */
export interface BatchOwner {
  readonly owner: string
  readonly leaseSeconds: number
}

/**
 * A new pending batch. In one statement: everybody's batches wait for the counter's row, and hold it no longer than this
 * takes, or the transaction around it.
 */
export async function insertBatch(db: StateDatabase, kind: BatchKind, by: BatchOwner): Promise<BatchId> {
  const counter = db.$with('counter').as(
    db
      .update(batchCounter)
      .set({ value: sql`${batchCounter.value} + 1` })
      .returning({ value: batchCounter.value }),
  )
  const [batch] = await db
    .with(counter)
    .insert(hiddenBatches)
    .values({ id: sql`(SELECT value FROM ${counter})`, kind, owner: by.owner, leaseUntil: leaseEnd(by) })
    .returning({ id: hiddenBatches.id })
  return batch!.id
}

/** By the database's clock. */
export function leaseEnd({ leaseSeconds }: BatchOwner) {
  return sql`now() + make_interval(secs => ${leaseSeconds})`
}

/** Gives batches up and frees their scopes. Scopes first, then batches: commits and claims lock in this order too. */
export async function abandonRows(tx: StateDatabase, batches: readonly BatchId[]): Promise<void> {
  await tx.update(scopes).set({ leaseBatch: null, leaseUntil: null }).where(isOneOf(scopes.leaseBatch, batches))
  await hideAbandoned(tx, batches)
}

/** Notes that batches are given up, where they are still pending. */
export async function hideAbandoned(tx: StateDatabase, batches: readonly BatchId[]): Promise<void> {
  await tx
    .update(hiddenBatches)
    .set({ state: 'abandoned', abandonedAt: sql`now()` })
    .where(and(isOneOf(hiddenBatches.id, batches), eq(hiddenBatches.state, 'pending')))
}
