import { type Instant, monthStart } from '../domain/period.ts'
import type { PointFilter } from '../storage/point-store.ts'
import type { Filters } from './restrict-to-own-scope.ts'

/** The range asked for; by default the present month, each bound by itself. */
export function rangeOf(
  asked: { readonly begin?: Instant | undefined; readonly end?: Instant | undefined },
  now: Instant,
): { begin: Instant; end: Instant } {
  return { begin: asked.begin ?? monthStart(now), end: asked.end ?? monthStart(now, 1) }
}

/** Filters as the points store takes them: `type` selects metric types. */
export function toPointFilter(range: { begin: Instant; end: Instant }, filters: Filters): PointFilter {
  const attributes = new Map(filters)
  attributes.delete('type')
  return { ...range, types: filters.get('type') ?? [], attributes }
}
