/** Unix seconds, UTC. Periods and points are exact to the second, as CloudKitty's are. */
export type Instant = number

/** Half-open: `begin` belongs to it, `end` does not. */
export interface Period {
  readonly begin: Instant
  readonly end: Instant
}

export function toInstant(date: Date): Instant {
  return Math.floor(date.getTime() / 1000)
}

export function toDate(instant: Instant): Date {
  return new Date(instant * 1000)
}

/** `2026-06-01T00:00:00+00:00`, the form of API v2. */
export function formatInstant(instant: Instant): string {
  return `${toDate(instant).toISOString().slice(0, 19)}+00:00`
}

/** The first instant of the month, UTC, `months` away from the one that holds `instant`. */
export function monthStart(instant: Instant, months = 0): Instant {
  const date = toDate(instant)
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + months, 1) / 1000
}

/** `count` consecutive periods of `seconds` each, from `begin` on. */
export function periodsFrom(begin: Instant, count: number, seconds: number): Period[] {
  return Array.from({ length: count }, (_, i) => ({ begin: begin + i * seconds, end: begin + (i + 1) * seconds }))
}
