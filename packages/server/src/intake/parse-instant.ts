import { ISO_LENGTH_MAX, parseIsoInstant } from '../domain/iso-time.ts'
import type { Instant } from '../domain/period.ts'

/** 10000-01-01: what lies beyond is milliseconds, or a slip. */
const INSTANT_END = Date.UTC(10_000, 0, 1) / 1000

/**
 * Unix seconds, or ISO 8601: a date, or a date and a time with or without seconds and zone; UTC where no zone is given.
 * Parts of a second are dropped. Undefined for anything else, and for what is before 1970 or after 9999.
 */
export function parseInstant(text: string): Instant | undefined {
  if (text.length > ISO_LENGTH_MAX) return undefined
  const instant = /^\d+(?:\.\d+)?$/.test(text) ? Math.floor(Number(text)) : parseIsoInstant(text, 'file')
  return instant !== undefined && instant >= 0 && instant < INSTANT_END ? instant : undefined
}
