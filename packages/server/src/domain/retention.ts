import type { Instant } from './period.ts'

const HOUR = 3600
const DAY = 24 * HOUR

/**
 * From when on points are kept at `now`: everything that begins within the last `hours`, rounded down to the begin of a day
 * in UTC, so that something is to be deleted once a day and not all the time. Undefined: for ever.
 */
export function keptFrom(now: Instant, hours: number | undefined): Instant | undefined {
  return hours === undefined ? undefined : Math.floor((now - hours * HOUR) / DAY) * DAY
}
