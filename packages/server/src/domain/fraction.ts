import { Decimal, decimalFromNumber, divideRounded, parseDecimal, power10 } from './decimal.ts'

/** An exact fraction: metrics.yml's `factor: 1/1048576` stays what it says. The denominator is positive. */
export interface Fraction {
  readonly numerator: bigint
  readonly denominator: bigint
}

export const FRACTION_ZERO: Fraction = { numerator: 0n, denominator: 1n }
export const FRACTION_ONE: Fraction = { numerator: 1n, denominator: 1n }

/** Reads what Python's `Fraction` takes from metrics.yml: `3`, `0.5`, `1e-3`, `1/1048576`; undefined for anything else. */
export function parseFraction(value: string | number | bigint): Fraction | undefined {
  if (typeof value === 'bigint') return { numerator: value, denominator: 1n }
  if (typeof value === 'number') return Number.isFinite(value) ? fromDecimal(decimalFromNumber(value)) : undefined
  const parts = /^\s*([+-]?\d+)\s*\/\s*(\d+)\s*$/.exec(value)
  if (parts) {
    const denominator = BigInt(parts[2]!)
    return denominator === 0n ? undefined : { numerator: BigInt(parts[1]!), denominator }
  }
  const plain = parseDecimal(value.trim())
  return plain && fromDecimal(plain)
}

function fromDecimal(value: Decimal): Fraction {
  return { numerator: value.coefficient, denominator: power10(value.scale) }
}

/** `value * factor + offset`, exact but for one half-even cut to `scale` digits after the point. */
export function convert(value: Decimal, factor: Fraction, offset: Fraction, scale: number): Decimal {
  const numerator =
    value.coefficient * factor.numerator * offset.denominator +
    offset.numerator * factor.denominator * power10(value.scale)
  const denominator = power10(value.scale) * factor.denominator * offset.denominator
  return new Decimal(divideRounded(numerator * power10(scale), denominator), scale)
}
