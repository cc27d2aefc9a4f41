import type { Instant, Period } from '../domain/period.ts'
import type { TimeZone } from '../domain/time-zone.ts'
import type { PointFilter } from '../storage/point-store.ts'
import type { Filters } from './restrict-to-own-scope.ts'

export interface RangeDeps {
  readonly now: () => Instant
  /** Whose months are the default range, and whose calendar points are filtered and grouped by. */
  readonly zone: TimeZone
}

/** The range asked for; by default the present month, each bound by itself. */
export function rangeOf(
  asked: { readonly begin?: Instant | undefined; readonly end?: Instant | undefined },
  { now, zone }: RangeDeps,
): Period {
  const present = now()
  return { begin: asked.begin ?? zone.monthStart(present), end: asked.end ?? zone.monthStart(present, 1) }
}

/** Filters as the points store takes them: `type` selects metric types, and what the scope key leaves is looked for first. */
export function toPointFilter(
  range: Period,
  filters: Filters,
  { zone, scopeKey }: Pick<RangeDeps, 'zone'> & { readonly scopeKey: string },
): PointFilter {
  const attributes = new Map(filters)
  attributes.delete('type')
  return {
    ...range,
    types: filters.get('type') ?? [],
    attributes,
    zone,
    ...(attributes.has(scopeKey) && { firstBy: scopeKey }),
  }
}
