import { type IsoTime, parseIsoTime } from '../domain/iso-time.ts'

/**
 * When a rule is valid, was made or was deleted: microseconds since the epoch, UTC. Rules are exact to the microsecond,
 * because clients expect the very times back that they sent; a double could not hold them in the year 3000.
 */
export type RuleTime = bigint

const MICROS = 1_000_000n

export function ruleTimeFromDate(date: Date): RuleTime {
  return BigInt(date.getTime()) * 1000n
}

export function ruleTimeFromInstant(instant: number): RuleTime {
  return BigInt(instant) * MICROS
}

/**
 * Reads `2026-06-01`, `2026-06-01 08:30`, `2026-06-01T08:30:12.104211+02:00` and their kin; without a zone it is UTC.
 * Digits beyond the microsecond are dropped. Undefined for anything else, and for days and hours that do not exist.
 */
export function parseRuleTime(text: string): RuleTime | undefined {
  const time = parseIsoTime(text, 'rule')
  return time && toRuleTime(time)
}

/** As `parseRuleTime`, but a bare date means that day's last second: when a rule ends. */
export function parseRuleEnd(text: string): RuleTime | undefined {
  const time = parseIsoTime(text, 'rule')
  return time && toRuleTime(time.isDate ? { ...time, seconds: time.seconds + LAST_SECOND_OF_DAY } : time)
}

const LAST_SECOND_OF_DAY = 86_399

function toRuleTime({ seconds, micros }: IsoTime): RuleTime {
  return ruleTimeFromInstant(seconds) + BigInt(micros)
}

/** `2026-06-01T08:30:12.104211`, UTC without a zone, and without a fraction when it is zero: the form of API v1. */
export function formatRuleTime(time: RuleTime, separator: 'T' | ' ' = 'T'): string {
  const micros = ((time % MICROS) + MICROS) % MICROS
  const seconds = new Date(Number((time - micros) / 1000n)).toISOString().slice(0, 19).replace('T', separator)
  return micros === 0n ? seconds : `${seconds}.${micros.toString().padStart(6, '0')}`
}
