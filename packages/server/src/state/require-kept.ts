import { formatInstant, type Instant } from '../domain/period.ts'
import { Fault } from '../lib/fault.ts'

/**
 * Rating again what is not kept would bring back a part of it, until it is dropped again. `bound`: points that begin before it
 * are deleted, or will be within the hour; undefined when everything is kept.
 */
export function requireKept(name: string, from: Instant, bound: Instant | undefined): void {
  if (bound === undefined || from >= bound) return
  throw new Fault(
    'request.invalid',
    `${name} ${formatInstant(from)} is before ${formatInstant(bound)}: what is older is not kept ([storage] retention_period).`,
  )
}
