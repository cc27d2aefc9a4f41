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

/** Periods of one length that follow each other without a gap; one of them begins at `origin`. Scopes have each their own. */
export interface Grid {
  readonly origin: Instant
  readonly seconds: number
}

/** The begin of the period that holds the instant. */
export function periodBegin({ origin, seconds }: Grid, instant: Instant): Instant {
  return origin + Math.floor((instant - origin) / seconds) * seconds
}

/** The begin of the first period that does not begin before the instant. */
export function nextPeriodBegin({ origin, seconds }: Grid, instant: Instant): Instant {
  return origin + Math.ceil((instant - origin) / seconds) * seconds
}

/** Whole periods of the grid, and nothing but them. */
export function fitsGrid(grid: Grid, { begin, end }: Period): boolean {
  return periodBegin(grid, begin) === begin && periodBegin(grid, end) === end
}

/** `count` consecutive periods of `seconds` each, from `begin` on. */
export function periodsFrom(begin: Instant, count: number, seconds: number): Period[] {
  return Array.from({ length: count }, (_, i) => ({ begin: begin + i * seconds, end: begin + (i + 1) * seconds }))
}
