import { compare, Decimal, isZero } from '../domain/decimal.ts'
import { Fault } from '../lib/fault.ts'
import { formatRuleTime, type RuleTime } from './rule-time.ts'

/** From when to when a rule is valid; null: for ever. */
export interface Validity {
  readonly start: RuleTime
  readonly end: RuleTime | null
}

/** What a client says of a dated rule that is to be made. */
export interface NewLife {
  readonly description?: string | null | undefined
  /** From now on, when not given. */
  readonly start?: RuleTime | undefined
  readonly end?: RuleTime | undefined
}

/** What a client says of a dated rule that is to change. What it leaves out is undefined. */
export interface WantedLife extends NewLife {
  readonly createdAt?: RuleTime | undefined
  readonly createdBy?: string | null | undefined
  readonly deleted?: RuleTime | null | undefined
  readonly deletedBy?: string | null | undefined
}

/**
 * The validity of a new rule, or of one that has not started: from now on when no start is given. Prices of the past do
 * not change by accident: a start before now must be forced.
 */
export function newValidity({ start, end }: NewLife, now: RuleTime, { force }: { force: boolean }): Validity {
  const from = start ?? now
  if (from < now && !force) {
    throw invalid(`Cannot create a rule with start in the past: ${formatRuleTime(from)}. Use force to do it anyway.`)
  }
  if (end !== undefined && end < from) {
    throw invalid(`Cannot create a rule with end ${formatRuleTime(end)} before start ${formatRuleTime(from)}.`)
  }
  return { start: from, end: end ?? null }
}

export function hasStarted({ start }: Validity, now: RuleTime): boolean {
  return start <= now
}

/**
 * The end that a rule which has started is to get: all that may still change of it, and only once. Undefined when the
 * request repeats what is so already: clients follow CloudKitty's 302 to a PUT by sending the PUT again.
 */
export function newEnd(
  stored: Validity,
  wanted: { readonly end: RuleTime | undefined; readonly others: readonly string[] },
  now: RuleTime,
): { readonly end: RuleTime | null } | undefined {
  if (stored.end !== null) {
    if (wanted.end === stored.end && wanted.others.length === 0) return undefined
    throw invalid('Cannot update a rule that was already processed and has a defined end date.')
  }
  if (wanted.others.length > 0) {
    const since = formatRuleTime(stored.start, ' ')
    const rule = 'You are allowed to update only the attribute [end] as this rule is already running as it started on'
    throw invalid(`${rule} [${since}]`)
  }
  if (wanted.end !== undefined && wanted.end < now) {
    throw invalid(`Cannot update a rule with end in the past: ${formatRuleTime(wanted.end)}.`)
  }
  return { end: wanted.end ?? null }
}

/** A value of a rule as clients see it. */
export type PublicValue = string | RuleTime | Decimal | null | undefined

/**
 * What dated rules have in common, by its public name. Not the end, which may change; and not who updated it last: that
 * is another one when a client repeats its request.
 */
export function lifeValues(rule: Omit<WantedLife, 'end'>): Record<string, PublicValue> {
  const { description, start, createdAt, createdBy, deleted, deletedBy } = rule
  return { description, start, created_at: createdAt, created_by: createdBy, deleted, deleted_by: deletedBy }
}

/**
 * The names of what a client wants otherwise than it is stored. Clients send back the whole rule that they got, or leave
 * out what they do not mean: what is absent, null, empty or zero does not count, as in CloudKitty.
 */
export function differences(
  wanted: Readonly<Record<string, PublicValue>>,
  stored: Readonly<Record<string, PublicValue>>,
): string[] {
  return Object.keys(wanted).filter((name) => counts(wanted[name]) && !isEqual(wanted[name], stored[name]))
}

function counts(value: PublicValue): boolean {
  if (value instanceof Decimal) return !isZero(value)
  return value !== undefined && value !== null && value !== ''
}

function isEqual(a: PublicValue, b: PublicValue): boolean {
  if (a instanceof Decimal && b instanceof Decimal) return compare(a, b) === 0
  return a === b
}

function invalid(message: string): Fault {
  return new Fault('request.invalid', message)
}
