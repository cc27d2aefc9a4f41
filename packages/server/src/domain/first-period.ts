import type { Grid, Instant } from './period.ts'
import type { TimeZone } from './time-zone.ts'

/** When the first period of a scope that was never rated begins: with the month, with the source's first data, or then. */
export type Begin = 'month-start' | 'first-sample' | Instant

/** The periods of a scope that is new at an instant: they go on from where the first one begins. */
export function newGrid(
  { begin, zone, seconds }: { readonly begin: Begin; readonly zone: TimeZone; readonly seconds: number },
  at: Instant,
): Grid {
  return { origin: typeof begin === 'number' ? begin : zone.monthStart(at), seconds }
}
