import { type Calendar, isCalendar } from '../domain/calendar.ts'
import type { PointFilter, TotalQuery } from './point-store.ts'

/**
 * A question to an engine, with the calendar attributes that any series has of its own. For nearly all stores there are none:
 * then what is asked of the calendar is answered from the points' begins alone.
 */
export interface WithBrought {
  readonly brought?: ReadonlySet<Calendar>
}

/** The calendar attributes that a question filters or groups by. */
export function calendarsAsked(query: PointFilter & Partial<Pick<TotalQuery, 'groupby'>>): readonly Calendar[] {
  const filtered = [...query.attributes.keys()].filter(isCalendar)
  const grouped = (query.groupby ?? []).flatMap((grouping) => (grouping.by === 'calendar' ? [grouping.name] : []))
  return [...new Set([...filtered, ...grouped])]
}
