import { add, Decimal, mul, power10, PRICE_DIGITS, rescale, ZERO } from '../../domain/decimal.ts'

/** What a group adds to a point's price: `unit * quantity`, and then its service threshold, if one won. */
export interface GroupTerm {
  /** Price of one unit of quantity. */
  readonly unit: Decimal
  readonly threshold: { readonly type: 'flat' | 'rate'; readonly cost: Decimal } | undefined
}

/** The price of the points of one match, between two service thresholds, as a function of their quantity. */
export interface Formula {
  /** In the order in which the groups' results are added to the price. */
  readonly terms: readonly GroupTerm[]
  /** Ids of the rules that made the terms, in the order they were applied. One array for all points. */
  readonly rules: readonly string[]
  /** The terms summed up; undefined when even that takes more digits than any price has. */
  readonly sum: ExactSum | undefined
}

/** All terms as one: `unit * quantity + flat`, which is the very same number while no step of them has to round. */
interface ExactSum {
  readonly unit: bigint
  readonly flat: bigint
  /** Of both of them. */
  readonly scale: number
  /** The terms' magnitudes without their signs, added up, as doubles: enough to know how many digits a price has. */
  readonly unitMagnitude: number
  readonly flatMagnitude: number
}

/** Below this no step can have rounded; half of `10^28`, so that the doubles' own error does not matter. */
const SAFE_MAGNITUDE = 10 ** PRICE_DIGITS / 2
const LONGEST = 10n ** BigInt(PRICE_DIGITS)

export function toFormula(terms: readonly GroupTerm[], rules: readonly string[]): Formula {
  return { terms, rules, sum: sumUp(terms) }
}

/** `price` plus what every group adds, each single operation rounded to 28 digits half-even. */
export function applyFormula({ terms, sum }: Formula, price: Decimal, quantity: Decimal): Decimal {
  if (sum !== undefined && price.coefficient === 0n) {
    const exact = evaluate(sum, quantity)
    if (exact !== undefined) return exact
  }
  let total = price
  for (const { unit, threshold } of terms) {
    const product = mul(unit, quantity, PRICE_DIGITS)
    const result = threshold ? OPERATIONS[threshold.type](product, threshold.cost, PRICE_DIGITS) : product
    total = add(total, result, PRICE_DIGITS)
  }
  return total
}

const OPERATIONS = { flat: add, rate: mul }

/**
 * Prices of everyday size never reach 28 digits, so that no step of the sum above rounds anything; then the order of the
 * steps does not matter, and one multiplication does for all of them.
 */
function evaluate(sum: ExactSum, quantity: Decimal): Decimal | undefined {
  const shift = power10(quantity.scale)
  const magnitude = sum.unitMagnitude * Math.abs(Number(quantity.coefficient)) + sum.flatMagnitude * Number(shift)
  // Not `>`: a product that overflows to infinity, or is no number at all, must not pass.
  if (!(magnitude < SAFE_MAGNITUDE)) return undefined
  const product = sum.unit * quantity.coefficient
  return new Decimal(sum.flat === 0n ? product : product + sum.flat * shift, sum.scale + quantity.scale)
}

function sumUp(terms: readonly GroupTerm[]): ExactSum | undefined {
  const parts = terms.map(({ unit, threshold }) => {
    if (threshold === undefined) return { unit, flat: ZERO }
    return threshold.type === 'flat' ? { unit, flat: threshold.cost } : { unit: mul(unit, threshold.cost), flat: ZERO }
  })
  const scale = Math.max(0, ...parts.flatMap((part) => [part.unit.scale, part.flat.scale]))
  let [unit, flat, unitMagnitude, flatMagnitude] = [0n, 0n, 0n, 0n]
  for (const part of parts) {
    const [unitPart, flatPart] = [rescale(part.unit, scale), rescale(part.flat, scale)]
    unit += unitPart
    flat += flatPart
    unitMagnitude += unitPart < 0n ? -unitPart : unitPart
    flatMagnitude += flatPart < 0n ? -flatPart : flatPart
  }
  if (unitMagnitude >= LONGEST || flatMagnitude >= LONGEST) return undefined
  return { unit, flat, scale, unitMagnitude: Number(unitMagnitude), flatMagnitude: Number(flatMagnitude) }
}
