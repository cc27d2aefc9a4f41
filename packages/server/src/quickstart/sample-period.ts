import type { Instant, Period } from '../domain/period.ts'

const HOUR_SECONDS = 3600
const FIRST_HOURS = 30 * 24

/**
 * The hours of the sample cloud that are yet to be imported: the 30 days that end at the last full hour for a start from
 * nothing, else what has passed since the last sample. Undefined when there is nothing new.
 */
export function samplePeriod(now: Instant, lastSampleAt: Instant | undefined): Period | undefined {
  const end = Math.floor(now / HOUR_SECONDS) * HOUR_SECONDS
  const begin = lastSampleAt === undefined ? end - FIRST_HOURS * HOUR_SECONDS : lastSampleAt + HOUR_SECONDS
  return begin < end ? { begin, end } : undefined
}
