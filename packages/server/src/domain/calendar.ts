import { unreachable } from '../lib/unreachable.ts'
import type { Instant } from './period.ts'
import type { Day, TimeZone } from './time-zone.ts'

/** Attributes that every point has by its begin, as CloudKitty's collectors add them. */
export const CALENDAR = ['day_of_the_year', 'week_of_the_year', 'month', 'year'] as const
export type Calendar = (typeof CALENDAR)[number]

export function isCalendar(name: string): name is Calendar {
  return (CALENDAR as readonly string[]).includes(name)
}

/** The text of a calendar attribute, written as CloudKitty's cloudkitty/collector/__init__.py does. */
export function calendarText(name: Calendar, day: Day): string {
  const date = new Date(day * MS_PER_DAY)
  const year = date.getUTCFullYear()
  switch (name) {
    case 'year':
      return String(year).padStart(4, '0')
    case 'month':
      return String(date.getUTCMonth() + 1)
    case 'day_of_the_year':
      return String(dayOfYear(date) + 1)
    case 'week_of_the_year':
      // strftime's %U: weeks begin on Sunday, days before the first one are in week 00.
      return String(Math.floor((dayOfYear(date) + 7 - date.getUTCDay()) / 7)).padStart(2, '0')
    default:
      return unreachable(name)
  }
}

/** All calendar attributes of what begins then. */
export function calendarOf(instant: Instant, zone: TimeZone): Readonly<Record<Calendar, string>> {
  const day = zone.dayOf(instant)
  return {
    day_of_the_year: calendarText('day_of_the_year', day),
    week_of_the_year: calendarText('week_of_the_year', day),
    month: calendarText('month', day),
    year: calendarText('year', day),
  }
}

const MS_PER_DAY = 86_400_000

/** From 0 on. */
function dayOfYear(date: Date): number {
  const first = new Date(date)
  first.setUTCMonth(0, 1)
  return Math.round((date.getTime() - first.getTime()) / MS_PER_DAY)
}
