import { isZero } from '../domain/decimal.ts'
import type { Point } from '../domain/point.ts'
import { unreachable } from '../lib/unreachable.ts'

/** Why no rule has priced a point, the least specific first. A rule that costs nothing is a price. */
export const UNPRICED_REASONS = ['no-module', 'no-service', 'no-rule', 'not-in-force', 'no-match'] as const
export type UnpricedReason = (typeof UNPRICED_REASONS)[number]

export interface WhyUnpriced {
  readonly reason: UnpricedReason
  /** Of `no-match`: the attributes that rules look at, as they are: `flavor = '<nil>', mem = ''`. */
  readonly seen?: () => string
}

/** Usage of one type that no rule has priced, for one reason. */
export interface UnpricedUsage {
  readonly type: string
  readonly reason: UnpricedReason
  readonly points: number
  /** Of `no-match`: what the attributes were that rules look at, of one of the points. */
  readonly example?: string | undefined
}

/** Counts the points that no rule has priced. */
export class UnpricedTally {
  readonly #usages = new Map<string, { -readonly [K in keyof UnpricedUsage]: UnpricedUsage[K] }>()

  /** Looks at points as all modules have left them. */
  count(points: readonly Point[], why: (point: Point) => WhyUnpriced | undefined): void {
    for (const point of points) {
      if (point.rules.length > 0 || !isZero(point.price)) continue
      const reason = why(point)
      if (reason) this.#add(point, reason)
    }
  }

  merge(usages: readonly UnpricedUsage[]): void {
    for (const usage of usages) {
      const known = this.#usages.get(`${usage.reason} ${usage.type}`)
      if (known) known.points += usage.points
      else this.#usages.set(`${usage.reason} ${usage.type}`, { ...usage })
    }
  }

  /** In the order in which they were met. */
  get usages(): readonly UnpricedUsage[] {
    return [...this.#usages.values()]
  }

  #add({ series }: Point, { reason, seen }: WhyUnpriced): void {
    const key = `${reason} ${series.type}`
    const known = this.#usages.get(key)
    if (known) {
      known.points++
      return
    }
    this.#usages.set(key, { type: series.type, reason, points: 1, ...(seen && { example: seen() }) })
  }
}

/** What is wrong and what to do, as a clause: `hashmap has no service named image: create it`. */
export function unpricedRemedy({ type, reason, example }: Pick<UnpricedUsage, 'type' | 'reason' | 'example'>): string {
  switch (reason) {
    case 'no-module':
      return 'no rating module that sets prices is on: switch one on, for instance with "openstack rating module enable hashmap"'
    case 'no-service':
      return `hashmap has no service named ${type}: create it under exactly this name, or give the metric the alt_name that the service has`
    case 'no-rule':
      return `the hashmap service ${type} has no rules for such scopes: create a mapping for it`
    case 'not-in-force':
      return `the rules of the hashmap service ${type} were not in force then: create one with a start at or before the begin of the usage (force=true for the past), and have it rated again`
    case 'no-match':
      return `no rule of the hashmap service ${type} is for such values (${example ?? 'no attributes'}): create a mapping for them, or mend what metrics.yml or the source gives`
    default:
      return unreachable(reason)
  }
}

const TYPES_SHOWN = 3

/** One line for all of them; undefined when there are none. `things` is what was counted. */
export function unpricedLine(usages: readonly UnpricedUsage[], things = 'points'): string | undefined {
  if (usages.length === 0) return undefined
  const shown = usages
    .slice(0, TYPES_SHOWN)
    .map((usage) => `${usage.points} ${things} of ${usage.type} (${unpricedRemedy(usage)})`)
  const more =
    usages.length > TYPES_SHOWN ? `; and ${usages.length - TYPES_SHOWN} more types or reasons, which the log names` : ''
  return `Without a price: ${shown.join('; ')}${more}.`
}
