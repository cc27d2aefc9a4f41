import { and, isNull, sql } from 'drizzle-orm'
import { scopeResets, tombstones } from './schema.ts'

/** So long a reset can be cancelled: some time less than what it took back is kept. */
export const RESTORABLE = '23 hours'
const KEPT = '24 hours'

/** Neither done nor cancelled nor superseded; once it is not open any more it never will be again. */
export function isOpenReset() {
  return and(isNull(scopeResets.finishedAt), isNull(scopeResets.cancelledAt), isNull(scopeResets.supersededAt))
}

/** A tombstone whose points are still wanted: to be brought back, while nothing was rated since, or to take their sums. */
export function isHeldTombstone() {
  return sql`(${tombstones.createdAt} > now() - ${KEPT}::interval AND EXISTS (
    SELECT 1 FROM scope_resets AS held JOIN scopes AS own ON own.id = held.scope
    WHERE held.tombstone = ${tombstones.id} AND held.finished_at IS NULL AND held.cancelled_at IS NULL AND held.superseded_at IS NULL
      AND (held.before IS NULL OR own.next_begin = held.start_reset_time)))`
}
