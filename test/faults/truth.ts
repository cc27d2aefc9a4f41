export const PERIOD_SECONDS = 3600
export const SCOPES = ['p0', 'p1', 'p2', 'p3'] as const
export type ScopeId = (typeof SCOPES)[number]
export const TYPES = ['cpu', 'volume'] as const
export type Type = (typeof TYPES)[number]

/** What is used in every period of every scope: its labels, and what one tenth of the collected value costs. */
export interface Thing {
  readonly type: Type
  readonly id: string
  readonly flavor: string | undefined
}

/** As metrics.yml says. */
const UNITS = { cpu: 'core', volume: 'GiB' }
const FLAVORS = ['small', 'large'] as const
/** In units of 10^-18: rules.yml's costs for a tenth of a unit, after metrics.yml's factor. */
const PRICE_OF_TENTH = { small: 1_100_000_000_000_000n, large: 12_345_678_901_200_000n, volume: 308_641_972_500_000n }
const QUANTITY_OF_TENTH = { cpu: 100_000_000_000_000_000n, volume: 25_000_000_000_000_000n }

/** Quantity and price in units of 10^-18. */
export interface Amounts {
  readonly quantity: bigint
  readonly price: bigint
}

/** A point that must be on the bill, for one period. */
export interface BilledPoint extends Amounts {
  readonly scope: string
  readonly type: string
  readonly unit: string
  readonly id: string
  readonly flavor: string | undefined
  readonly begin: number
}

/** From some moment on the source says otherwise about these periods. */
export interface Correction {
  readonly scope: ScopeId
  readonly begin: number
  readonly end: number
}

/**
 * What the source answers, and what therefore must be on the bill: a function of scope, thing, period and correction,
 * computed here in whole numbers and with nothing of the product.
 */
export class Truth {
  readonly #corrections: Correction[] = []
  readonly #totals = new Map<string, Amounts>()

  correct(correction: Correction): void {
    this.#corrections.push(correction)
  }

  isCorrected(scope: ScopeId, begin: number): boolean {
    return this.#corrections.some((one) => one.scope === scope && one.begin <= begin && begin < one.end)
  }

  /** As the source answers it, in tenths. */
  tenths(scope: ScopeId, thing: number, begin: number, corrected = this.isCorrected(scope, begin)): number {
    const mixed = SCOPES.indexOf(scope) * 389 + thing * 97 + (begin / PERIOD_SECONDS) * 31
    return 1 + (mixed % 997) + (corrected ? 1000 : 0)
  }

  amounts(scope: ScopeId, thing: number, begin: number, corrected?: boolean): Amounts {
    const { type, flavor } = thingsOf(scope)[thing]!
    const tenths = BigInt(this.tenths(scope, thing, begin, corrected))
    const price = PRICE_OF_TENTH[flavor === 'small' || flavor === 'large' ? flavor : 'volume']
    return { quantity: tenths * QUANTITY_OF_TENTH[type], price: tenths * price }
  }

  /** All that must be on the bill for a scope and a period. */
  *points(scope: ScopeId, begin: number): Generator<BilledPoint> {
    for (const [i, { type, id, flavor }] of thingsOf(scope).entries()) {
      yield { scope, type, unit: UNITS[type], id, flavor, begin, ...this.amounts(scope, i, begin) }
    }
  }

  /** Of all things of a type together; readers ask for the same again and again. */
  total(scope: ScopeId, type: Type, begin: number, corrected = this.isCorrected(scope, begin)): Amounts {
    const key = `${scope} ${type} ${begin} ${corrected}`
    const before = this.#totals.get(key)
    if (before) return before
    const sum = { quantity: 0n, price: 0n }
    for (const [i, thing] of thingsOf(scope).entries()) {
      if (thing.type !== type) continue
      const { quantity, price } = this.amounts(scope, i, begin, corrected)
      sum.quantity += quantity
      sum.price += price
    }
    this.#totals.set(key, sum)
    return sum
  }
}

const things = new Map(
  SCOPES.map((scope) => [
    scope,
    [
      ...Array.from({ length: 6 }, (_, i) => ({ type: 'cpu' as const, id: `${scope}-vm${i}`, flavor: FLAVORS[i % 2] })),
      ...Array.from({ length: 2 }, (_, i) => ({ type: 'volume' as const, id: `${scope}-disk${i}`, flavor: undefined })),
    ] satisfies Thing[],
  ]),
)

/** In an order that does not change: a thing's number stands for it. */
export function thingsOf(scope: ScopeId): readonly Thing[] {
  return things.get(scope)!
}

/** Units of 10^-18 as plain text without trailing zeros. */
export function toText(units: bigint): string {
  const digits = units.toString().padStart(19, '0')
  const fraction = digits.slice(-18).replace(/0+$/, '')
  return fraction === '' ? digits.slice(0, -18) : `${digits.slice(0, -18)}.${fraction}`
}

/** The reverse; throws where a text is no such number, or says more than 18 digits after the point. */
export function toUnits(text: string): bigint {
  const match = /^(\d+)(?:\.(\d{1,18}))?$/.exec(text)
  if (!match) throw new Error(`${text} is not an amount`)
  return BigInt(match[1]! + (match[2] ?? '').padEnd(18, '0'))
}
