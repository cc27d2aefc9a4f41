import { formatInstant, type Instant } from '../domain/period.ts'
import { Fault } from '../lib/fault.ts'

/** Time that nobody has lived cannot count as rated: nothing of it would ever be billed. */
export function requirePast(name: string, at: Instant, now: Instant): void {
  if (at <= now) return
  throw new Fault(
    'request.invalid',
    `${name} ${formatInstant(at)} is after the present, ${formatInstant(now)}: a scope is stopped by active: false (PATCH /v2/scope).`,
  )
}
