import { and, gt, sql } from 'drizzle-orm'
import type { StateDatabase } from './database.ts'
import { ofSource } from './due.ts'
import { isUnfinished } from './reprocesses.ts'
import { reprocesses, scopes } from './schema.ts'
import type { ScopeNames } from './scope-names.ts'

/**
 * Scopes and reprocessing tasks that wait after a failure may be tried again at once. What they failed of stays shown until a
 * try succeeds, and another failure makes them wait longer than the last one.
 */
export async function endBackOffs(db: StateDatabase, names: ScopeNames): Promise<void> {
  const now = sql`now()`
  await db
    .update(scopes)
    .set({ retryAt: now })
    .where(and(ofSource(names), gt(scopes.retryAt, now)))
  await db
    .update(reprocesses)
    .set({ retryAt: now })
    .where(and(isUnfinished(), gt(reprocesses.retryAt, now)))
}
