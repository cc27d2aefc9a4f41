import {
  Decimal,
  decimalFromNumber,
  divideRounded,
  formatDecimal,
  parseDecimal,
  power10,
  STORED_SCALE,
} from './decimal.ts'

/**
 * An exact fraction: metrics.yml's `factor: 1/1048576` stays what it says, and a mean is a sum and a number until it has become
 * a quantity.
 */
export class Fraction {
  readonly numerator: bigint
  /** Positive. */
  readonly denominator: bigint

  constructor(numerator: bigint, denominator = 1n) {
    this.numerator = numerator
    this.denominator = denominator
  }

  /** As a store would keep it. */
  toString(): string {
    return formatDecimal(cut(this, STORED_SCALE))
  }
}

/** A number of which nothing has been cut. */
export type Exact = Decimal | Fraction

export const FRACTION_ZERO = new Fraction(0n)
export const FRACTION_ONE = new Fraction(1n)

/** Reads what Python's `Fraction` takes from metrics.yml: `3`, `0.5`, `1e-3`, `1/1048576`; undefined for anything else. */
export function parseFraction(value: string | number | bigint): Fraction | undefined {
  if (typeof value === 'bigint') return new Fraction(value)
  if (typeof value === 'number') return Number.isFinite(value) ? toFraction(decimalFromNumber(value)) : undefined
  const parts = /^\s*([+-]?\d+)\s*\/\s*(\d+)\s*$/.exec(value)
  if (parts) {
    const denominator = BigInt(parts[2]!)
    return denominator === 0n ? undefined : new Fraction(BigInt(parts[1]!), denominator)
  }
  const plain = parseDecimal(value.trim())
  return plain && toFraction(plain)
}

export function toFraction(value: Exact): Fraction {
  return value instanceof Fraction ? value : new Fraction(value.coefficient, power10(value.scale))
}

/** `value * factor + offset`. */
export function convert(value: Exact, factor: Fraction, offset: Fraction): Fraction {
  const { numerator, denominator } = toFraction(value)
  return new Fraction(
    numerator * factor.numerator * offset.denominator + offset.numerator * denominator * factor.denominator,
    denominator * factor.denominator * offset.denominator,
  )
}

/** Cut half-even to `scale` digits after the point. */
export function cut({ numerator, denominator }: Fraction, scale: number): Decimal {
  return new Decimal(divideRounded(numerator * power10(scale), denominator), scale)
}
