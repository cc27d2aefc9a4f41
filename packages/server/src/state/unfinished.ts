import { and, asc, lt, lte } from 'drizzle-orm'
import { type Instant, toDate, toInstant } from '../domain/period.ts'
import type { StateDatabase } from './database.ts'
import { isUnfinished } from './reprocesses.ts'
import { reprocesses, scopes } from './schema.ts'

/** What of the time before an instant is not rated yet, or is to be rated again. */
export interface Unfinished {
  /** The active scope that is most behind, of those that have something left to rate. */
  readonly scope: { readonly scopeId: string; readonly nextBegin: Instant } | undefined
  /** The reprocessing that reaches back most. */
  readonly task: { readonly id: number; readonly begin: Instant } | undefined
}

/** Inactive scopes, and what was rated until its fetcher did not name it any more, are waited for by nobody. */
export async function unfinishedBefore(db: StateDatabase, before: Instant): Promise<Unfinished> {
  const [scope] = await db
    .select({ scopeId: scopes.identifier, nextBegin: scopes.nextBegin })
    .from(scopes)
    .where(and(scopes.active, lt(scopes.nextBegin, toDate(before)), lte(scopes.nextBegin, scopes.seenAt)))
    .orderBy(asc(scopes.nextBegin), asc(scopes.id))
    .limit(1)
  const [task] = await db
    .select({ id: reprocesses.id, begin: reprocesses.begin })
    .from(reprocesses)
    .where(and(isUnfinished(), lt(reprocesses.begin, toDate(before))))
    .orderBy(asc(reprocesses.begin), asc(reprocesses.id))
    .limit(1)
  return {
    scope: scope && { scopeId: scope.scopeId, nextBegin: toInstant(scope.nextBegin) },
    task: task && { id: task.id, begin: toInstant(task.begin) },
  }
}
