import type { PointFilter, TotalQuery } from './point-store.ts'

/** What takes about as long as to join one series with one attribute: to read so many points. */
const POINTS_PER_SERIES = 50
const TYPICAL_PERIOD = 3600

/** As `PointStore.weigh`, of as many series as match, in a store of so many points. */
export function weightOf(
  { begin, end, groupby = [] }: PointFilter & Partial<Pick<TotalQuery, 'groupby'>>,
  { series, points }: { readonly series: number; readonly points: number },
): number {
  const expected = series * ((end - begin) / TYPICAL_PERIOD)
  return series * groupby.length + Math.min(expected, points) / POINTS_PER_SERIES
}
