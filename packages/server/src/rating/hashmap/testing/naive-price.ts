import { Decimal as Big } from 'decimal.js'
import { type Decimal, formatDecimal } from '../../../domain/decimal.ts'
import type { Mapping, Rules, Threshold } from '../rules.ts'

/** Python's default context. */
const D = Big.clone({ precision: 28, rounding: Big.ROUND_HALF_EVEN, toExpNeg: -9e15, toExpPos: 9e15 })
const big = (value: Decimal | string) => new D(typeof value === 'string' ? value : formatDecimal(value))

export interface NaivePoint {
  readonly type: string
  /** Metadata overlaid by groupby. */
  readonly desc: Readonly<Record<string, string>>
  readonly quantity: Decimal
  readonly price: Decimal
}

type Priced = readonly [type: 'flat' | 'rate', cost: Big]
interface GroupResult {
  flat: Big
  rate: Big
  threshold: { level: Big; cost: Big; type: 'flat' | 'rate'; scope: 'field' | 'service' }
}

/**
 * The price by a direct, slow telling of CloudKitty's hashmap, with another decimal library: dicts of dicts, every level
 * and every value looked at, nothing prepared. What the compiled rater is held against.
 */
export function naivePrice(rules: Rules, at: bigint, scope: string | undefined, point: NaivePoint): string {
  const quantity = big(point.quantity)
  const results = new Map<string, GroupResult>()
  const resultOf = (group: string) => {
    let result = results.get(group)
    if (!result) {
      result = {
        flat: new D(0),
        rate: new D(1),
        threshold: { level: new D(-1), cost: new D(0), type: 'flat', scope: 'field' },
      }
      results.set(group, result)
    }
    return result
  }
  const applyMapping = (group: string, [type, cost]: Priced) => {
    const result = resultOf(group)
    if (type === 'rate') result.rate = result.rate.times(cost)
    else if (cost.gt(result.flat)) result.flat = cost
  }
  const applyThreshold = (group: string, level: Big, [type, cost]: Priced, origin: 'field' | 'service') => {
    const result = resultOf(group)
    if (level.gt(result.threshold.level)) result.threshold = { level, cost, type, scope: origin }
  }

  for (const service of rules) {
    if (service.name !== point.type) continue
    for (const [group, byKey] of nested(service.mappings, at, scope, () => '')) {
      for (const priced of byKey.values()) applyMapping(group, priced)
    }
    for (const [group, byLevel] of nested(service.thresholds, at, scope, levelText)) {
      for (const [level, priced] of byLevel) {
        if (quantity.gte(big(level))) applyThreshold(group, big(level), priced, 'service')
      }
    }
    for (const field of service.fields) {
      const value = point.desc[field.name] ?? ''
      for (const [group, byValue] of nested(field.mappings, at, scope, (mapping) => mapping.value)) {
        for (const [wanted, priced] of byValue) if (wanted === value) applyMapping(group, priced)
      }
      const thresholds = nested(field.thresholds, at, scope, levelText)
      // CloudKitty fails on an empty value here.
      if (thresholds.size === 0 || value.trim() === '') continue
      const number = big(value)
      for (const [group, byLevel] of thresholds) {
        for (const [level, priced] of byLevel) {
          if (number.gte(big(level))) applyThreshold(group, big(level), priced, 'field')
        }
      }
    }
  }

  let price = big(point.price)
  for (const { flat, rate, threshold } of results.values()) {
    let [ownFlat, ownRate] = [flat, rate]
    if (threshold.scope === 'field') {
      if (threshold.type === 'flat') ownFlat = ownFlat.plus(threshold.cost)
      else ownRate = ownRate.times(threshold.cost)
    }
    let result = ownRate.times(ownFlat).times(quantity)
    if (threshold.scope === 'service') {
      result = threshold.type === 'flat' ? result.plus(threshold.cost) : result.times(threshold.cost)
    }
    price = price.plus(result)
  }
  return price.isZero() ? '0' : price.toFixed()
}

const levelText = ({ level }: Threshold) => formatDecimal(level)

function nested<R extends Mapping | Threshold>(
  rules: readonly R[],
  at: bigint,
  scope: string | undefined,
  keyOf: (rule: R) => string,
): Map<string, Map<string, Priced>> {
  const groups = new Map<string, Map<string, Priced>>()
  const tenants = scope === undefined ? [undefined] : [undefined, scope]
  for (const tenant of tenants) {
    for (const rule of rules) {
      if (rule.scopeId !== tenant) continue
      if (rule.start > at || (rule.end !== undefined && rule.end <= at)) continue
      const group = rule.groupId ?? '_DEFAULT_'
      if (!groups.has(group)) groups.set(group, new Map())
      groups.get(group)!.set(keyOf(rule), [rule.type, big(rule.cost)])
    }
  }
  return groups
}
