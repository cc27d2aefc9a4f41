import { and, eq, isNull, lt, lte, or, sql } from 'drizzle-orm'
import { type Instant, toDate } from '../domain/period.ts'
import { scopes } from './schema.ts'

/** Which scopes have something due. */
export interface DueRequest {
  /** Only scopes of these names are this processor's business. */
  readonly scopeKey: string
  readonly fetcher: string
  readonly collector: string
  /** Taken as the present when it is decided what is due. Leases and back-offs go by the database's clock. */
  readonly now: Instant
  readonly periodSeconds: number
  readonly waitPeriods: number
}

/** How many periods from `next` on are due: whole ones that have had `waitPeriods` to settle. CloudKitty's rule. */
export function duePeriods(
  next: Instant,
  { now, periodSeconds, waitPeriods }: Pick<DueRequest, 'now' | 'periodSeconds' | 'waitPeriods'>,
): number {
  // A period waits until T + wait * period has passed, strictly, and in any case until it is over.
  const settled = now - Math.max(waitPeriods, 1) * periodSeconds
  return Math.max(0, Math.ceil((settled - next) / periodSeconds))
}

/** Scopes with something due, whoever holds them; those that wait after a failure have nothing due. */
export function isDue({ scopeKey, fetcher, collector, now, periodSeconds, waitPeriods }: DueRequest) {
  return and(
    eq(scopes.scopeKey, scopeKey),
    eq(scopes.fetcher, fetcher),
    eq(scopes.collector, collector),
    scopes.active,
    lt(scopes.nextBegin, toDate(now - Math.max(waitPeriods, 1) * periodSeconds)),
    lte(scopes.nextBegin, scopes.seenAt),
    or(isNull(scopes.retryAt), lte(scopes.retryAt, sql`now()`)),
  )
}
