import { LRUCache } from 'lru-cache'
import { CALENDAR, type Calendar, calendarText } from '../../domain/calendar.ts'
import { type Decimal, isZero, ZERO } from '../../domain/decimal.ts'
import { formatInstant, type Instant } from '../../domain/period.ts'
import { type Frame, NO_RULES, type Point } from '../../domain/point.ts'
import type { Series } from '../../domain/series.ts'
import type { TimeZone } from '../../domain/time-zone.ts'
import { Fault } from '../../lib/fault.ts'
import { ScopeFaults } from '../../lib/scope-faults.ts'
import type { Rater } from '../rating-module.ts'
import type { UnpricedReason, WhyUnpriced } from '../unpriced.ts'
import { type RuleTime, ruleTimeFromInstant } from '../rule-time.ts'
import { type CalendarTexts, type CompiledRules, compileRules, isInForce, NotANumber } from './compile-rules.ts'
import { applyFormula } from './formula.ts'
import type { Match } from './match.ts'
import type { Mapping, Rules, Service, Threshold } from './rules.ts'

/** What is known of a series from the last time it was priced. */
interface Memory {
  /** Of the rules that the match was made from; other rules, another match. */
  readonly rules: CompiledRules
  /** What the calendar said then, as far as rules look at it. */
  readonly calendar: CalendarTexts
  /** Undefined: no service has the series' type. */
  readonly match: Match | undefined
  /** A quantity, and its price for a point that had none. */
  quantity: Decimal | undefined
  price: Decimal
  applied: readonly string[]
}

/**
 * Prices frames by the hashmap rules of one revision. The match of a series is computed once and remembered with the
 * series, and so is its last price, because most quantities are the same from period to period.
 */
export class HashmapRater implements Rater {
  readonly #rules: Rules
  /** When rules begin or end to be valid, ascending: for everybody, and for the scopes that have rules of their own. */
  readonly #turns: ReadonlyMap<string | undefined, readonly RuleTime[]>
  readonly #compiled = new LRUCache<string, CompiledRules>({ max: 5000 })
  readonly #memory = new WeakMap<Series, Memory>()
  readonly #zone: TimeZone
  /** The calendar attributes that rules look at: mostly none. */
  readonly #calendars: readonly Calendar[]
  /** What they are, by these texts: the same object for the same texts. */
  readonly #calendarTexts = new LRUCache<string, CalendarTexts>({ max: 1000 })

  /** `zone`: whose calendar rules on months, weeks, days and years look at. */
  constructor(rules: Rules, zone: TimeZone) {
    this.#rules = rules
    this.#turns = turnsOf(rules)
    this.#zone = zone
    this.#calendars = calendarsOf(rules)
  }

  rate(frames: readonly Frame[]): readonly Frame[] {
    const faults = new ScopeFaults()
    const rated: Frame[] = []
    for (const frame of frames) {
      try {
        if (!faults.has(frame.scopeId)) rated.push(this.#rateFrame(frame))
      } catch (error) {
        faults.add(error)
      }
    }
    faults.throwIfAny()
    return rated
  }

  whyUnpriced({ series, begin }: Point, scopeId: string | undefined): WhyUnpriced | undefined {
    const service = this.#rulesFor(scopeId, begin).services.get(series.type)
    if (!service) return { reason: 'no-service' }
    if (service.isEmpty) {
      const own = this.#rulesOf(series.type).filter((rule) => rule.scopeId === undefined || rule.scopeId === scopeId)
      return { reason: own.length > 0 ? 'not-in-force' : 'no-rule' }
    }
    const calendar = this.#calendarAt(begin)
    if (!service.match(series, calendar).isEmpty) return undefined
    return { reason: 'no-match', seen: () => service.seenOf(series, calendar) }
  }

  whyTypeUnpriced(type: string, at: Instant): UnpricedReason | undefined {
    if (!this.#rules.some((service) => service.name === type)) return 'no-service'
    const rules = this.#rulesOf(type)
    if (rules.length === 0) return 'no-rule'
    return rules.some((rule) => isInForce(rule, ruleTimeFromInstant(at))) ? undefined : 'not-in-force'
  }

  /** All of a service's, of whatever time and scope. */
  #rulesOf(type: string): readonly (Mapping | Threshold)[] {
    return this.#rules.filter((service) => service.name === type).flatMap(allRules)
  }

  #rateFrame(frame: Frame): Frame {
    const { scopeId, period, points } = frame
    const rules = this.#rulesFor(scopeId, period.begin)
    const calendar = this.#calendarAt(period.begin)
    return { ...frame, points: points.map((point) => this.#ratePoint(point, { rules, calendar }, frame)) }
  }

  #ratePoint(point: Point, { rules, calendar }: Pick<Memory, 'rules' | 'calendar'>, frame: Frame): Point {
    const { series, quantity } = point
    let memory = this.#memory.get(series)
    if (memory === undefined || memory.rules !== rules || memory.calendar !== calendar) {
      const match = matchOf(series, { rules, calendar }, frame)
      memory = { rules, calendar, match, quantity: undefined, price: point.price, applied: NO_RULES }
      this.#memory.set(series, memory)
    }
    if (memory.match === undefined) return point
    if (!isZero(point.price)) return ratePriced(point, memory.match)
    if (memory.quantity === undefined || !isSame(memory.quantity, quantity)) {
      const formula = memory.match.formula(quantity)
      memory.quantity = quantity
      memory.price = applyFormula(formula, ZERO, quantity)
      memory.applied = formula.rules
    }
    const applied = point.rules.length === 0 ? memory.applied : [...point.rules, ...memory.applied]
    return { series, begin: point.begin, end: point.end, quantity, price: memory.price, rules: applied }
  }

  #calendarAt(begin: Instant): CalendarTexts {
    if (this.#calendars.length === 0) return NO_CALENDAR
    const day = this.#zone.dayOf(begin)
    const texts = this.#calendars.map((name) => calendarText(name, day))
    const key = texts.join(' ')
    let known = this.#calendarTexts.get(key)
    if (known === undefined) {
      known = Object.fromEntries(this.#calendars.map((name, i) => [name, texts[i]!]))
      this.#calendarTexts.set(key, known)
    }
    return known
  }

  /** The same object for all instants between which no rule begins or ends. */
  #rulesFor(scopeId: string | undefined, begin: Instant): CompiledRules {
    const validAt = ruleTimeFromInstant(begin)
    const owner = scopeId !== undefined && this.#turns.has(scopeId) ? scopeId : undefined
    const turn = countPassed(this.#turns.get(owner) ?? [], validAt)
    const key = owner === undefined ? `${turn}` : `${turn} ${owner}`
    let compiled = this.#compiled.get(key)
    if (compiled === undefined) {
      compiled = compileRules(this.#rules, validAt, owner)
      this.#compiled.set(key, compiled)
    }
    return compiled
  }
}

/** A module before this one has priced the point already: hashmap adds to that. */
function ratePriced(point: Point, match: Match): Point {
  const formula = match.formula(point.quantity)
  if (formula.terms.length === 0) return point
  const price = applyFormula(formula, point.price, point.quantity)
  return { ...point, price, rules: [...point.rules, ...formula.rules] }
}

function matchOf(
  series: Series,
  { rules, calendar }: Pick<Memory, 'rules' | 'calendar'>,
  { scopeId, period }: Frame,
): Match | undefined {
  try {
    return rules.services.get(series.type)?.match(series, calendar)
  } catch (error) {
    if (!(error instanceof NotANumber)) throw error
    const { type } = series
    const { field, value } = error
    const message = `hashmap has a threshold for ${field} of ${type}, but its value is not a number: ${JSON.stringify(value)} (scope ${scopeId ?? 'none'}, period from ${formatInstant(period.begin)}): mend the value at its source or with metrics.yml, or delete the threshold`
    const scopeIds = scopeId === undefined ? [] : [scopeId]
    throw new Fault('rating.failed', message, { type, period, field, value }, { scopeIds, cause: error })
  }
}

const NO_CALENDAR: CalendarTexts = {}

function calendarsOf(rules: Rules): readonly Calendar[] {
  const named = new Set(rules.flatMap(({ fields }) => fields.map(({ name }) => name)))
  return CALENDAR.filter((name) => named.has(name))
}

function allRules(service: Service): readonly (Mapping | Threshold)[] {
  return [service, ...service.fields].flatMap((parent) => [...parent.mappings, ...parent.thresholds])
}

function isSame(a: Decimal, b: Decimal): boolean {
  return a === b || (a.scale === b.scale && a.coefficient === b.coefficient)
}

function turnsOf(rules: Rules): ReadonlyMap<string | undefined, readonly RuleTime[]> {
  const turns = new Map<string | undefined, Set<RuleTime>>([[undefined, new Set()]])
  for (const { scopeId, start, end } of rules.flatMap(allRules)) {
    const own = turns.get(scopeId) ?? new Set()
    own.add(start)
    if (end !== undefined) own.add(end)
    turns.set(scopeId, own)
  }
  const general = turns.get(undefined)!
  return new Map(
    [...turns].map(([scopeId, own]) => [scopeId, [...new Set([...general, ...own])].toSorted((a, b) => Number(a - b))]),
  )
}

/** How many of the ascending times are at or before the instant. */
function countPassed(times: readonly RuleTime[], at: RuleTime): number {
  let [low, high] = [0, times.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (times[middle]! <= at) low = middle + 1
    else high = middle
  }
  return low
}
