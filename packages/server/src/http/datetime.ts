import type { Instant } from '../domain/period.ts'

const DATE = String.raw`(\d{4})-?(\d{2})-?(\d{2})`
const MINUTE = String.raw`:?(\d{2})(?::?(\d{2})(?:[.,](\d+))?)?`
const ZONE = String.raw`(Z|z|[+-]\d{2}(?::?\d{2})?)?`
const LENIENT = new RegExp(String.raw`^\s*${DATE}(?:[Tt]\s*|\s+)?(?:(\d{2})${MINUTE}\s*${ZONE})?\s*$`)
const STRICT = new RegExp(
  String.raw`^(\d{4})(?:-(\d{2})(?:-(\d{2}))?|(\d{2})(\d{2}))?(?:[T ](\d{2})(?:${MINUTE})?(Z|[+-]\d{2}(?::?\d{2})?)?)?$`,
)

/**
 * A date as API v1 takes it: `2026-06-01`, with `T` or blanks before a time, seconds and fraction optional, an offset
 * optional. Without an offset it is UTC. Undefined for anything else. Milliseconds are kept.
 */
export function parseLenientDatetime(text: string): Date | undefined {
  const match = LENIENT.exec(text)
  if (!match) return undefined
  const [, year, month, day, hour, minute, second, fraction, zone] = match
  return toDate(year, month, day, hour, minute, second, fraction, zone)
}

/**
 * A date as API v2 takes it, ISO 8601: `2026`, `2026-06`, `2026-06-01`, `20260601`, with `T` or one blank before a time.
 * Without an offset it is UTC; fractions of a second are cut. Undefined for anything else.
 */
export function parseIsoInstant(text: string): Instant | undefined {
  const match = STRICT.exec(text)
  if (!match) return undefined
  const [, year, month, day, basicMonth, basicDay, hour, minute, second, , zone] = match
  if (hour !== undefined && (day ?? basicDay) === undefined) return undefined
  const date = toDate(year, month ?? basicMonth, day ?? basicDay, hour, minute, second, undefined, zone)
  return date && Math.floor(date.getTime() / 1000)
}

/** `2026-06-01T00:00:00`, with microseconds only where there are some: API v1's form, UTC without saying so. */
export function formatNaive(date: Date): string {
  const text = date.toISOString()
  const base = text.slice(0, -5)
  const milliseconds = text.slice(-4, -1)
  return milliseconds === '000' ? base : `${base}.${milliseconds}000`
}

function toDate(
  year = '',
  month = '01',
  day = '01',
  hour = '00',
  minute = '00',
  second = '00',
  fraction = '',
  zone = 'Z',
): Date | undefined {
  const milliseconds = fraction.padEnd(3, '0').slice(0, 3)
  const offset = /^[zZ]$/.test(zone) ? 'Z' : `${zone.slice(0, 3)}:${zone.slice(3).replace(':', '') || '00'}`
  // The year 0 and impossible days (a 31st of June) are refused as Python does; JavaScript would roll over.
  if (Number(year) < 1 || Number(day) < 1 || Number(day) > daysIn(Number(year), Number(month))) return undefined
  if (Number(hour) > 23) return undefined
  const date = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}.${milliseconds}${offset}`)
  if (Number.isNaN(date.getTime())) return undefined
  const utcYear = date.getUTCFullYear()
  return utcYear >= 1 && utcYear <= 9999 ? date : undefined
}

function daysIn(year: number, month: number): number {
  return month >= 1 && month <= 12 ? new Date(Date.UTC(2000 + (year % 400), month, 0)).getUTCDate() : 0
}
