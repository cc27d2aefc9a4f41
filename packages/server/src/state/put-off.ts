import { and, gt, sql } from 'drizzle-orm'
import type { StateDatabase } from './database.ts'
import { hiddenBatches, maintenance, processors, reprocesses, scopes } from './schema.ts'

/**
 * Takes back what a clock that was fast has put off: nothing waits longer than it could have been told to by a clock that is right.
 * Holds of maintenance stay, since an operator says how long they last.
 */
export async function endPutOff(
  db: StateDatabase,
  { retrySeconds, leaseSeconds }: { readonly retrySeconds: number; readonly leaseSeconds: number },
): Promise<void> {
  const within = (seconds: number) => sql`now() + make_interval(secs => ${seconds})`
  const now = sql`now()`
  await db
    .update(scopes)
    .set({ retryAt: now })
    .where(gt(scopes.retryAt, within(retrySeconds)))
  await db
    .update(reprocesses)
    .set({ retryAt: now })
    .where(gt(reprocesses.retryAt, within(retrySeconds)))
  await db
    .update(maintenance)
    .set({ notBefore: now })
    .where(and(sql`${maintenance.name} IN ('sweep-turn', 'audit')`, gt(maintenance.notBefore, within(3600))))
  // Whoever lives prolongs its own in a third of that time.
  await db.delete(processors).where(gt(processors.seenAt, within(leaseSeconds)))
  const leaseUntil = within(leaseSeconds)
  const tooLong = within(leaseSeconds + 3600)
  await db.update(scopes).set({ leaseUntil }).where(gt(scopes.leaseUntil, tooLong))
  await db.update(hiddenBatches).set({ leaseUntil }).where(gt(hiddenBatches.leaseUntil, tooLong))
}
