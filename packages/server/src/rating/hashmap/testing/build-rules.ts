import { decimal } from '../../../domain/decimal.ts'
import type { Mapping, Rules, Threshold } from '../rules.ts'

/** A rule as the tests write it: `{ flat: '0.001' }`, `{ rate: '0.98', level: '50', group: 'g' }`. */
export interface RuleSketch {
  readonly flat?: string
  readonly rate?: string
  readonly group?: string
  readonly scope?: string
  /** Makes it a threshold. */
  readonly level?: string
  /** Of the field that it belongs to; without it, the rule is the service's own. */
  readonly field?: string
  /** Makes it a field's mapping. */
  readonly value?: string
  readonly start?: bigint
  readonly end?: bigint
  readonly id?: string
}

/** The rules of one service, in the order given. */
export function buildRules(sketches: readonly RuleSketch[], service = 'compute'): Rules {
  const rules = sketches.map((sketch, i) => ({ ...sketch, id: sketch.id ?? `rule-${i}` }))
  const fields = [...new Set(rules.flatMap(({ field }) => (field === undefined ? [] : [field])))]
  const of = (field: string | undefined) => {
    const own = rules.filter((rule) => rule.field === field)
    return {
      mappings: own.filter((rule) => rule.level === undefined).map(toMapping),
      thresholds: own.filter((rule) => rule.level !== undefined).map(toThreshold),
    }
  }
  return [{ name: service, ...of(undefined), fields: fields.map((name) => ({ name, ...of(name) })) }]
}

function toMapping(sketch: RuleSketch & { id: string }): Mapping {
  return {
    id: sketch.id,
    groupId: sketch.group,
    scopeId: sketch.scope,
    type: sketch.rate === undefined ? 'flat' : 'rate',
    cost: decimal(sketch.rate ?? sketch.flat!),
    start: sketch.start ?? 0n,
    end: sketch.end,
    value: sketch.value ?? '',
  }
}

function toThreshold(sketch: RuleSketch & { id: string }): Threshold {
  return { ...toMapping(sketch), level: decimal(sketch.level!) }
}
