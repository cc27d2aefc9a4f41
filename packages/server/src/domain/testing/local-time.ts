import type { Calendar } from '../calendar.ts'
import type { Instant } from '../period.ts'

/** Zones of all sorts: far east and west, halves and quarters of hours, changes at midnight, twice a year, in Ramadan. */
export const ZONE_NAMES = [
  'UTC',
  'Europe/Berlin',
  'Europe/London',
  'America/New_York',
  'America/St_Johns',
  'America/Asuncion',
  'America/Sao_Paulo',
  'Africa/Cairo',
  'Africa/Casablanca',
  'Asia/Kolkata',
  'Asia/Kathmandu',
  'Asia/Gaza',
  'Australia/Lord_Howe',
  'Pacific/Apia',
  'Pacific/Kiritimati',
] as const

interface LocalTime {
  /** What the wall clock shows, taken as UTC. */
  readonly utcOfWallClock: Instant
  readonly calendar: Readonly<Record<Calendar, string>>
}

/** What clocks and calendars of a place show, in the plainest way that can be thought of: as JavaScript prints it. */
export function localTime(instant: Instant, zoneName: string): LocalTime {
  const parts = Object.fromEntries(
    formatterOf(zoneName)
      .formatToParts(instant * 1000)
      .map(({ type, value }) => [type, Number(value)]),
  ) as Record<'year' | 'month' | 'day' | 'hour' | 'minute' | 'second', number>
  const { year, month, day, hour, minute, second } = parts
  const midnight = Date.UTC(year, month - 1, day)
  const index = (midnight - Date.UTC(year, 0, 1)) / 86_400_000
  return {
    utcOfWallClock: midnight / 1000 + hour * 3600 + minute * 60 + second,
    calendar: {
      day_of_the_year: String(index + 1),
      week_of_the_year: String(Math.floor((index + 7 - new Date(midnight).getUTCDay()) / 7)).padStart(2, '0'),
      month: String(month),
      year: String(year).padStart(4, '0'),
    },
  }
}

const formatters = new Map<string, Intl.DateTimeFormat>()

function formatterOf(timeZone: string): Intl.DateTimeFormat {
  const known = formatters.get(timeZone)
  if (known) return known
  const formatter = new Intl.DateTimeFormat('en-US', {
    timeZone,
    calendar: 'gregory',
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  })
  formatters.set(timeZone, formatter)
  return formatter
}
