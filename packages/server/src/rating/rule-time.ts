/**
 * When a rule is valid, was made or was deleted: microseconds since the epoch, UTC. Rules are exact to the microsecond,
 * because clients expect the very times back that they sent; a double could not hold them in the year 3000.
 */
export type RuleTime = bigint

const MICROS = 1_000_000n
/** The years that both Python and PostgreSQL can write with four digits. */
const FIRST = BigInt(Date.parse('0001-01-01T00:00:00Z')) * 1000n
const LAST = BigInt(Date.parse('9999-12-31T23:59:59Z')) * 1000n + 999_999n

export function ruleTimeFromDate(date: Date): RuleTime {
  return BigInt(date.getTime()) * 1000n
}

export function ruleTimeFromInstant(instant: number): RuleTime {
  return BigInt(instant) * MICROS
}

const FORM =
  /^(\d{4})-?(\d{2})-?(\d{2})(?:[T ](\d{2})(?::?(\d{2})(?::?(\d{2})(?:[.,](\d{1,9}))?)?)?\s*(Z|[+-]\d{2}(?::?\d{2})?)?)?$/i

/**
 * Reads `2026-06-01`, `2026-06-01 08:30`, `2026-06-01T08:30:12.104211+02:00` and their kin; without a zone it is UTC.
 * Digits beyond the microsecond are dropped. Undefined for anything else, and for days and hours that do not exist.
 */
export function parseRuleTime(text: string): RuleTime | undefined {
  const match = FORM.exec(text.trim())
  if (!match) return undefined
  const [, year, month, day, hour = '00', minute = '00', second = '00', fraction = '', zone] = match
  const wall = `${year}-${month}-${day}T${hour}:${minute}:${second}`
  const millis = Date.parse(`${wall}Z`)
  // Date.parse takes 31 April for 1 May, and 24:00 for the next day.
  if (Number.isNaN(millis) || new Date(millis).toISOString().slice(0, 19) !== wall) return undefined
  const offsetMinutes = zoneMinutes(zone)
  if (offsetMinutes === undefined) return undefined
  const micros = BigInt(fraction.slice(0, 6).padEnd(6, '0'))
  const time = BigInt(millis) * 1000n + micros - BigInt(offsetMinutes) * 60n * MICROS
  return time >= FIRST && time <= LAST ? time : undefined
}

function zoneMinutes(zone: string | undefined): number | undefined {
  if (zone === undefined || zone === 'Z' || zone === 'z') return 0
  const hours = Number(zone.slice(1, 3))
  const minutes = Number(zone.slice(3).replace(':', '') || '0')
  if (hours > 23 || minutes > 59) return undefined
  return (zone.startsWith('-') ? -1 : 1) * (hours * 60 + minutes)
}

/** `2026-06-01T08:30:12.104211`, UTC without a zone, and without a fraction when it is zero: the form of API v1. */
export function formatRuleTime(time: RuleTime, separator: 'T' | ' ' = 'T'): string {
  const micros = ((time % MICROS) + MICROS) % MICROS
  const seconds = new Date(Number((time - micros) / 1000n)).toISOString().slice(0, 19).replace('T', separator)
  return micros === 0n ? seconds : `${seconds}.${micros.toString().padStart(6, '0')}`
}
