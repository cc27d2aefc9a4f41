import { and, eq, isNull, lt, lte, or, sql } from 'drizzle-orm'
import { type Instant, toDate } from '../domain/period.ts'
import { scopes } from './schema.ts'
import type { ScopeNames } from './scope-names.ts'

/** Which scopes have something due. */
export interface DueRequest extends Cadence, ScopeNames {
  /** Taken as the present when it is decided what is due. Leases and back-offs go by the database's clock. */
  readonly now: Instant
}

export interface Cadence {
  readonly periodSeconds: number
  /** Periods that a period waits for after its begin. */
  readonly waitPeriods: number
}

/**
 * How many periods from `next` on are due: whole ones that have had `waitPeriods` to settle, CloudKitty's rule, and that began
 * before the scope was seen last.
 */
export function duePeriods(
  { next, seenAt }: { readonly next: Instant; readonly seenAt: Instant },
  { now, periodSeconds, waitPeriods }: Cadence & { readonly now: Instant },
): number {
  // A period waits until T + wait * period has passed, strictly, and in any case until it is over.
  const settled = now - Math.max(waitPeriods, 1) * periodSeconds
  const begun = Math.floor((seenAt - next) / periodSeconds) + 1
  return Math.max(0, Math.min(Math.ceil((settled - next) / periodSeconds), begun))
}

/** The scopes of a fetcher and a collector. */
export function ofSource({ scopeKey, fetcher, collector }: ScopeNames) {
  return and(eq(scopes.scopeKey, scopeKey), eq(scopes.fetcher, fetcher), eq(scopes.collector, collector))
}

/** Active scopes with a period that is due and not rated, whoever holds them and whether or not they wait after a failure. */
export function isLate(request: DueRequest) {
  const { now, periodSeconds, waitPeriods } = request
  return and(
    ofSource(request),
    scopes.active,
    lt(scopes.nextBegin, toDate(now - Math.max(waitPeriods, 1) * periodSeconds)),
    lte(scopes.nextBegin, scopes.seenAt),
  )
}

/** Late scopes that may be rated now, whoever holds them: those that wait after a failure have nothing due. */
export function isDue(request: DueRequest) {
  return and(isLate(request), or(isNull(scopes.retryAt), lte(scopes.retryAt, sql`now()`)))
}
