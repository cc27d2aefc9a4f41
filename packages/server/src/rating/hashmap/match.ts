import { add, compare, type Decimal, decimal, mul, ONE, PRICE_DIGITS, ZERO } from '../../domain/decimal.ts'
import { countReached } from './count-reached.ts'
import { type Formula, type GroupTerm, toFormula } from './formula.ts'
import type { Mapping, Threshold } from './rules.ts'

/** What a field of a point says: its mappings, one a group, and the thresholds that its value has reached. */
export interface FieldOutcome {
  /** Tells it from the field's other outcomes. */
  readonly key: string
  readonly mappings: readonly Mapping[]
  readonly thresholds: readonly Threshold[]
}

export const NO_OUTCOME: FieldOutcome = { key: '', mappings: [], thresholds: [] }

export interface MatchedRules {
  readonly mappings: readonly Mapping[]
  /** All of the service's; which ones apply is up to the quantity. */
  readonly thresholds: readonly Threshold[]
  /** Their distinct levels, ascending. */
  readonly levels: readonly Decimal[]
  readonly fields: readonly FieldOutcome[]
}

/** The rules that apply to a series, ready to price any quantity of it. */
export class Match {
  readonly #rules: MatchedRules
  /** By the number of service levels that the quantity has reached; worked out when first asked for. */
  readonly #formulas: (Formula | undefined)[] = []

  constructor(rules: MatchedRules) {
    this.#rules = rules
  }

  /** No rule applies, whatever the quantity. */
  get isEmpty(): boolean {
    const { mappings, thresholds, fields } = this.#rules
    return mappings.length === 0 && thresholds.length === 0 && fields.length === 0
  }

  formula(quantity: Decimal): Formula {
    const { levels } = this.#rules
    const reached = countReached(levels, quantity)
    return (this.#formulas[reached] ??= matchFormula(this.#rules, levels[reached - 1]))
  }
}

interface GroupState {
  flat: Decimal
  flatRule: Step | undefined
  rate: Decimal
  readonly rates: Step[]
  level: Decimal
  threshold: { readonly rule: Threshold; readonly of: 'service' | 'field'; readonly step: Step } | undefined
}

/** That a rule was applied, and when. */
interface Step {
  readonly at: number
  readonly id: string
}

/** A threshold at this level or below it never applies. */
const NO_LEVEL = decimal('-1')

/**
 * CloudKitty's hashmap for one point (`cloudkitty/rating/hash/__init__.py`): service mappings, service thresholds, then
 * each field's mappings and thresholds; then a term from every group, in the order in which the groups were met.
 * `highest` is the highest service level that the quantity has reached.
 */
function matchFormula({ mappings, thresholds, fields }: MatchedRules, highest: Decimal | undefined): Formula {
  const groups = new Map<string | undefined, GroupState>()
  let steps = 0
  const stateOf = (groupId: string | undefined): GroupState => {
    const known = groups.get(groupId)
    if (known) return known
    const fresh = { flat: ZERO, flatRule: undefined, rate: ONE, rates: [], level: NO_LEVEL, threshold: undefined }
    groups.set(groupId, fresh)
    return fresh
  }
  const applyMapping = ({ id, groupId, type, cost }: Mapping) => {
    const state = stateOf(groupId)
    const step = { at: steps++, id }
    if (type === 'rate') {
      state.rate = mul(state.rate, cost, PRICE_DIGITS)
      state.rates.push(step)
    } else if (compare(cost, state.flat) > 0) {
      state.flat = cost
      state.flatRule = step
    }
  }
  const applyThreshold = (rule: Threshold, of: 'service' | 'field') => {
    const state = stateOf(rule.groupId)
    const step = { at: steps++, id: rule.id }
    if (compare(rule.level, state.level) <= 0) return
    state.level = rule.level
    state.threshold = { rule, of, step }
  }

  mappings.forEach(applyMapping)
  for (const threshold of thresholds) {
    if (highest !== undefined && compare(threshold.level, highest) <= 0) applyThreshold(threshold, 'service')
  }
  for (const field of fields) {
    field.mappings.forEach(applyMapping)
    for (const threshold of field.thresholds) applyThreshold(threshold, 'field')
  }

  const states = [...groups.values()]
  return toFormula(states.map(toTerm), rulesOf(states))
}

function toTerm({ flat, rate, threshold }: GroupState): GroupTerm {
  if (threshold?.of === 'service') {
    const { type, cost } = threshold.rule
    return { unit: mul(rate, flat, PRICE_DIGITS), threshold: { type, cost } }
  }
  if (threshold?.rule.type === 'rate') {
    const raised = mul(rate, threshold.rule.cost, PRICE_DIGITS)
    return { unit: mul(raised, flat, PRICE_DIGITS), threshold: undefined }
  }
  // Without any threshold CloudKitty still adds a zero here, which cuts a longer flat cost to 28 digits.
  const raised = add(flat, threshold?.rule.cost ?? ZERO, PRICE_DIGITS)
  return { unit: mul(rate, raised, PRICE_DIGITS), threshold: undefined }
}

/** Of each group the flat cost that won, the rates, and the threshold that won. */
function rulesOf(states: readonly GroupState[]): readonly string[] {
  const steps = states.flatMap(({ flatRule, rates, threshold }) => [
    ...(flatRule ? [flatRule] : []),
    ...rates,
    ...(threshold ? [threshold.step] : []),
  ])
  return steps.toSorted((a, b) => a.at - b.at).map((step) => step.id)
}
