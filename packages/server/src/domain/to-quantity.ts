import { Decimal, ONE, STORED_SCALE, ZERO } from './decimal.ts'
import { convert, cut, type Exact, Fraction, toFraction } from './fraction.ts'
import type { Metric } from './metric.ts'
import { unreachable } from '../lib/unreachable.ts'

/**
 * Collected value to rated quantity: unit first, then mutation, as CloudKitty does. All of it is exact, and what comes out is
 * cut once, half-even, to what the store keeps.
 */
export function toQuantity(
  collected: Exact,
  metric: Pick<Metric, 'factor' | 'offset' | 'mutate' | 'mutateMap'>,
): Decimal {
  const quantity = mutate(convert(collected, metric.factor, metric.offset), metric)
  return quantity instanceof Fraction ? cut(quantity, STORED_SCALE) : quantity
}

/** The mutation alone, for a value that is converted already. */
export function mutate<V extends Exact>(
  value: V,
  { mutate: mode, mutateMap }: Pick<Metric, 'mutate' | 'mutateMap'>,
): V | Decimal {
  if (mode === 'NONE') return value
  const fraction = toFraction(value)
  switch (mode) {
    case 'NUMBOOL':
      return fraction.numerator === 0n ? ZERO : ONE
    case 'NOTNUMBOOL':
      return fraction.numerator === 0n ? ONE : ZERO
    case 'FLOOR':
      return new Decimal(floor(fraction), 0)
    case 'CEIL':
      return new Decimal(-floor(new Fraction(-fraction.numerator, fraction.denominator)), 0)
    case 'MAP':
      return mutateMap.find(([key]) => isEqual(toFraction(key), fraction))?.[1] ?? ZERO
    default:
      return unreachable(mode)
  }
}

/** Toward minus infinity. */
function floor({ numerator, denominator }: Fraction): bigint {
  const quotient = numerator / denominator
  return numerator < 0n && quotient * denominator !== numerator ? quotient - 1n : quotient
}

function isEqual(a: Fraction, b: Fraction): boolean {
  return a.numerator * b.denominator === b.numerator * a.denominator
}
