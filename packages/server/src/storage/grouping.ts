import { type Calendar, isCalendar } from '../domain/calendar.ts'
import type { Instant } from '../domain/period.ts'
import { attributeText, type Series } from '../domain/series.ts'

/**
 * What gives a row of totals one of its texts: type, unit, an attribute (groupby or metadata; absent = ''), or a calendar
 * attribute, which is what the series has of that name, and where it has none, what the point's begin says. An attribute is
 * never called like one of the others: `groupingBy` tells them apart.
 */
export type Grouping =
  | { readonly by: 'type' }
  | { readonly by: 'unit' }
  | { readonly by: 'calendar'; readonly name: Calendar }
  | { readonly by: 'attribute'; readonly name: string }

/**
 * Buckets of so many seconds. The bucket of a point that lasts as long is the point's own period, so that each scope's
 * buckets are its periods; any other point is in the bucket that it begins in, of those that `origin` is a bound of.
 */
export interface TimeBuckets {
  readonly seconds: number
  /** The epoch if absent. */
  readonly origin?: Instant
}

/** What a name groups by: what a filter of that name goes by. */
export function groupingBy(name: string): Grouping {
  if (name === 'type' || name === 'unit') return { by: name }
  return isCalendar(name) ? { by: 'calendar', name } : { by: 'attribute', name }
}

/** The name that `groupingBy` makes the grouping of. */
export function groupingName(grouping: Grouping): string {
  return grouping.by === 'type' || grouping.by === 'unit' ? grouping.by : grouping.name
}

/** What all points of a series have in common of a grouping, as a store gives it back; of the calendar, what the series itself has. */
export function seriesText({ type, unit, groupby, metadata }: Series, grouping: Grouping): string {
  if (grouping.by === 'type') return type
  if (grouping.by === 'unit') return unit
  const { name } = grouping
  const attributes = Object.hasOwn(groupby, name) ? groupby : metadata
  return Object.hasOwn(attributes, name) ? attributeText(attributes[name]).toWellFormed() : ''
}
