import type { Instant } from './period.ts'
import type { TimeZone } from './time-zone.ts'

const HOUR = 3600

/**
 * From when on points are kept at `now`: everything that begins within the last `hours`, rounded down to the begin of a day,
 * so that something is to be deleted once a day and not all the time, and the first day that a report shows is whole: a
 * day as reports have it. Undefined: for ever.
 */
export function keptFrom(now: Instant, hours: number | undefined, zone: TimeZone): Instant | undefined {
  return hours === undefined ? undefined : zone.dayStart(now - hours * HOUR)
}
