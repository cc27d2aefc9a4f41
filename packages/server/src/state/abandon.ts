import { and, eq, sql } from 'drizzle-orm'
import type { BatchId } from '../domain/snapshot.ts'
import { abandonRows } from './batch-rows.ts'
import type { StateDatabase } from './database.ts'
import { forgetAll } from './processors.ts'
import { hiddenBatches, scopes } from './schema.ts'

/** Why a scope could not be rated, and when the next try may be made. */
export interface ScopeFailure {
  /** Row id. */
  readonly scope: number
  readonly error: string
  readonly retryInSeconds: number
}

/** Gives a batch up because scopes in it failed: those back off, the others are free at once. */
export async function failBatch(tx: StateDatabase, batch: BatchId, failures: readonly ScopeFailure[]): Promise<void> {
  for (const { scope, error, retryInSeconds } of failures) {
    await tx
      .update(scopes)
      .set({
        failures: sql`${scopes.failures} + 1`,
        retryAt: sql`now() + make_interval(secs => ${retryInSeconds})`,
        lastError: error,
        lastErrorAt: sql`now()`,
      })
      .where(and(eq(scopes.id, scope), eq(scopes.leaseBatch, batch)))
  }
  await abandonRows(tx, [batch])
}

/** Gives up every pending batch and lease, whoever began it. */
export async function abandonEverything(tx: StateDatabase): Promise<void> {
  await forgetAll(tx)
  const pending = await tx
    .select({ id: hiddenBatches.id })
    .from(hiddenBatches)
    .where(eq(hiddenBatches.state, 'pending'))
  if (pending.length === 0) return
  await abandonRows(
    tx,
    pending.map((row) => row.id),
  )
}
