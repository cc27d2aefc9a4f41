import type { Instant } from '../domain/period.ts'

/** 10000-01-01: what lies beyond is milliseconds, or a slip. */
const INSTANT_END = Date.UTC(10_000, 0, 1) / 1000

const ISO = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,]\d+)?)?\s?(Z|[+-]\d\d(?::?\d\d)?)?)?$/i

/**
 * Unix seconds, or ISO 8601: a date, or a date and a time with or without seconds and zone; UTC where no zone is given.
 * Parts of a second are dropped. Undefined for anything else, and for what is before 1970 or after 9999.
 */
export function parseInstant(text: string): Instant | undefined {
  const instant = /^\d+(?:\.\d+)?$/.test(text) ? Math.floor(Number(text)) : parseIso(text)
  return instant !== undefined && instant >= 0 && instant < INSTANT_END ? instant : undefined
}

function parseIso(text: string): Instant | undefined {
  const match = ISO.exec(text)
  if (!match) return undefined
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map((part) => Number(part ?? 0)) as Six
  const zone = zoneSeconds(match[7])
  const millis = Date.UTC(year, month - 1, day, hour, minute, second)
  // `Date.UTC` rolls over what does not exist, such as February 30th and 25:00.
  const back = new Date(millis)
  const exists =
    back.getUTCMonth() === month - 1 && back.getUTCDate() === day && hour < 24 && minute < 60 && second < 60
  return exists && zone !== undefined ? millis / 1000 - zone : undefined
}

type Six = [number, number, number, number, number, number]

function zoneSeconds(zone: string | undefined): number | undefined {
  if (zone === undefined || zone.toUpperCase() === 'Z') return 0
  const hours = Number(zone.slice(1, 3))
  const minutes = Number(zone.slice(3).replace(':', ''))
  if (hours > 23 || minutes > 59) return undefined
  return (zone.startsWith('-') ? -1 : 1) * (hours * 3600 + minutes * 60)
}
