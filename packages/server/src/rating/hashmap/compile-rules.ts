import { LRUCache } from 'lru-cache'
import type { Calendar } from '../../domain/calendar.ts'
import { type Decimal, compare, decimal, decimalFromNumber, formatDecimal, parseDecimal } from '../../domain/decimal.ts'
import { type AttributeValue, ruleText, type Series } from '../../domain/series.ts'
import { PythonNumber } from '../../lib/python-text.ts'
import type { RuleTime } from '../rule-time.ts'
import { countReached } from './count-reached.ts'
import { NO_OUTCOME, type FieldOutcome, Match } from './match.ts'
import type { Field, Mapping, Rules, Service, Threshold } from './rules.ts'

/** Texts of calendar attributes that rules look at. */
export type CalendarTexts = Readonly<Partial<Record<Calendar, string>>>

/** The rules that one scope is priced by at one instant, as lookups. */
export interface CompiledRules {
  /** By metric type. */
  readonly services: ReadonlyMap<string, CompiledService>
}

/** The rules of `scopeId` (undefined: of nobody in particular) that are valid at the instant. */
export function compileRules(rules: Rules, validAt: RuleTime, scopeId: string | undefined): CompiledRules {
  const services = new Map<string, CompiledService>()
  for (const service of rules) services.set(service.name, new CompiledService(service, validAt, scopeId))
  return { services }
}

/** A value that a field threshold has to compare is not a number. */
export class NotANumber extends Error {
  readonly field: string
  readonly value: AttributeValue

  constructor(field: string, value: AttributeValue) {
    super(`the value of ${field} is not a number: ${JSON.stringify(value)}`)
    this.field = field
    this.value = value
  }
}

class CompiledService {
  readonly #mappings: readonly Mapping[]
  readonly #thresholds: readonly Threshold[]
  /** Of the service's thresholds, ascending. Between two of them all quantities are priced by one formula. */
  readonly #levels: readonly Decimal[]
  readonly #fields: readonly CompiledField[]
  /** Matches by what the fields said: far fewer than series, so that many series share one. */
  readonly #matches = new LRUCache<string, Match>({ max: 10_000 })

  constructor(service: Service, validAt: RuleTime, scopeId: string | undefined) {
    this.#mappings = perGroup(inForce(service.mappings, validAt, scopeId), () => '')
    this.#thresholds = perGroup(inForce(service.thresholds, validAt, scopeId), levelKey)
    this.#levels = distinctLevels(this.#thresholds)
    this.#fields = service.fields
      .map((field) => new CompiledField(field, validAt, scopeId))
      .filter((field) => !field.isEmpty)
  }

  /** None of its rules is in force. */
  get isEmpty(): boolean {
    return this.#mappings.length === 0 && this.#thresholds.length === 0 && this.#fields.length === 0
  }

  /** What its rules see of a series: `flavor = 'm1', mem = ''`. */
  seenOf(series: Series, calendar: CalendarTexts): string {
    return this.#fields.map(({ name }) => `${name} = '${ruleText(valueOf(series, name, calendar))}'`).join(', ')
  }

  /** The rules that apply to the series at a time of that calendar; throws `NotANumber` when a threshold cannot tell. */
  match(series: Series, calendar: CalendarTexts): Match {
    const outcomes = this.#fields.map((field) => field.outcome(series, calendar))
    const key = outcomes.map((outcome) => outcome.key).join(' ')
    let match = this.#matches.get(key)
    if (match === undefined) {
      match = new Match({
        mappings: this.#mappings,
        thresholds: this.#thresholds,
        levels: this.#levels,
        fields: outcomes.filter((outcome) => outcome !== NO_OUTCOME),
      })
      this.#matches.set(key, match)
    }
    return match
  }
}

class CompiledField {
  readonly isEmpty: boolean
  readonly name: string
  readonly #byValue: ReadonlyMap<string, OutcomesOfValue>
  /** Of values that no mapping names. */
  readonly #other: OutcomesOfValue
  readonly #levels: readonly Decimal[]

  constructor(field: Field, validAt: RuleTime, scopeId: string | undefined) {
    this.name = field.name
    const mappings = perGroup(inForce(field.mappings, validAt, scopeId), (mapping) => mapping.value)
    const thresholds = perGroup(inForce(field.thresholds, validAt, scopeId), levelKey)
    this.#levels = distinctLevels(thresholds)
    const values = [...new Set(mappings.map((mapping) => mapping.value))]
    this.#byValue = new Map(
      values.map((value, index) => {
        const ofValue = mappings.filter((mapping) => mapping.value === value)
        return [value, new OutcomesOfValue(`${index}`, ofValue, thresholds, this.#levels)]
      }),
    )
    this.#other = new OutcomesOfValue('other', [], thresholds, this.#levels)
    this.isEmpty = mappings.length === 0 && thresholds.length === 0
  }

  outcome(series: Series, calendar: CalendarTexts): FieldOutcome {
    const value = valueOf(series, this.name, calendar)
    const outcomes = this.#byValue.get(ruleText(value)) ?? this.#other
    return outcomes.at(this.#levels.length === 0 || isNothing(value) ? 0 : this.#countReached(value))
  }

  #countReached(value: AttributeValue): number {
    const number = toNumber(value)
    if (number === undefined) throw new NotANumber(this.name, value)
    return countReached(this.#levels, number)
  }
}

/** What a field says when it has one of the mapped values: that depends only on how many levels the value reaches. */
class OutcomesOfValue {
  readonly #value: string
  readonly #mappings: readonly Mapping[]
  readonly #thresholds: readonly Threshold[]
  readonly #levels: readonly Decimal[]
  readonly #outcomes: FieldOutcome[] = []

  constructor(
    value: string,
    mappings: readonly Mapping[],
    thresholds: readonly Threshold[],
    levels: readonly Decimal[],
  ) {
    this.#value = value
    this.#mappings = mappings
    this.#thresholds = thresholds
    this.#levels = levels
  }

  at(reached: number): FieldOutcome {
    return (this.#outcomes[reached] ??= this.#outcome(reached))
  }

  #outcome(reached: number): FieldOutcome {
    const highest = this.#levels[reached - 1]
    const thresholds = this.#thresholds.filter(({ level }) => highest && compare(level, highest) <= 0)
    if (this.#mappings.length === 0 && thresholds.length === 0) return NO_OUTCOME
    return { key: `${this.#value}/${reached}`, mappings: this.#mappings, thresholds }
  }
}

/** Of what a series does not have itself the calendar has some: CloudKitty's collectors put it into every `groupby`. */
function valueOf({ groupby, metadata }: Series, name: string, calendar: CalendarTexts): AttributeValue | undefined {
  const value = Object.hasOwn(groupby, name) ? groupby[name] : own(metadata, name)
  return value === undefined || value === '' ? (own(calendar, name) ?? value) : value
}

function own(attributes: Series['metadata'], name: string): AttributeValue | undefined {
  return Object.hasOwn(attributes, name) ? attributes[name] : undefined
}

/** An attribute that is absent or empty: it reaches no threshold. CloudKitty fails on the latter. */
function isNothing(value: AttributeValue | undefined): value is undefined | null | string {
  return value === undefined || value === null || (typeof value === 'string' && value.trim() === '')
}

/** What Python's `Decimal` makes of an attribute: text (blanks around it do not matter), numbers, and `true` as one. */
function toNumber(value: AttributeValue): Decimal | undefined {
  if (typeof value === 'string') return parseDecimal(value.trim())
  if (value instanceof PythonNumber) return parseDecimal(value.text)
  if (typeof value === 'number') return Number.isFinite(value) ? decimalFromNumber(value) : undefined
  return typeof value === 'boolean' ? decimal(value ? '1' : '0') : undefined
}

export function isInForce({ start, end }: Mapping | Threshold, at: RuleTime): boolean {
  return start <= at && (end === undefined || at < end)
}

/** Rules for everybody first and then the scope's own ones, so that the latter replace the former. */
function inForce<R extends Mapping | Threshold>(
  rules: readonly R[],
  validAt: RuleTime,
  scopeId: string | undefined,
): readonly R[] {
  const valid = rules.filter((rule) => isInForce(rule, validAt))
  const general = valid.filter((rule) => rule.scopeId === undefined)
  return scopeId === undefined ? general : [...general, ...valid.filter((rule) => rule.scopeId === scopeId)]
}

/**
 * One rule for each group and key: a later one takes the place of an earlier one, and stands where that one stood.
 * Groups in the order of their first rule, as in the nested dicts of CloudKitty's `cloudkitty/rating/hash/__init__.py`.
 */
function perGroup<R extends Mapping | Threshold>(rules: readonly R[], keyOf: (rule: R) => string): readonly R[] {
  const groups = new Map<string | undefined, Map<string, R>>()
  for (const rule of rules) {
    const group = groups.get(rule.groupId) ?? new Map<string, R>()
    group.set(keyOf(rule), rule)
    groups.set(rule.groupId, group)
  }
  return [...groups.values()].flatMap((group) => [...group.values()])
}

/** Levels are one when they are numerically equal: 50 and 50.00000000. */
function levelKey({ level }: Threshold): string {
  return formatDecimal(level)
}

function distinctLevels(thresholds: readonly Threshold[]): readonly Decimal[] {
  const distinct = new Map(thresholds.map((threshold) => [levelKey(threshold), threshold.level]))
  return [...distinct.values()].toSorted(compare)
}
