import { add, Decimal, mul, power10, roundDigits } from '../../domain/decimal.ts'
import type { Fraction } from '../../domain/fraction.ts'
import type { Metric } from '../../domain/metric.ts'
import { mutate } from '../../domain/to-quantity.ts'

/**
 * As `toQuantity`, in CloudKitty's arithmetic (cloudkitty/collector/prometheus_base.py): the collected value, the product
 * and the sum are each cut half-up to so many digits (there always 9), and fractions go through a double.
 */
export function toRoundedQuantity(
  collected: Decimal,
  metric: Pick<Metric, 'factor' | 'offset' | 'mutate' | 'mutateMap'>,
  digits: number,
): Decimal {
  const value = roundDigits(collected, digits, 'half-up')
  const product = roundDigits(mul(value, pythonDecimal(metric.factor)), digits, 'half-up')
  return mutate(roundDigits(add(product, pythonDecimal(metric.offset)), digits, 'half-up'), metric)
}

/** What `Decimal(float(fraction))` is in Python; whole numbers stay what they are. */
function pythonDecimal({ numerator, denominator }: Fraction): Decimal {
  if (denominator === 1n) return new Decimal(numerator, 0)
  // Enough digits that reading them as a double rounds as dividing would.
  const digits = 60
  const scaled = (numerator * power10(digits)) / denominator
  return exactly(Number(`${scaled}e-${digits}`))
}

/** The exact value of a finite double: m × 2^e, and 2^-k is 5^k / 10^k. */
function exactly(value: number): Decimal {
  const bits = new DataView(new ArrayBuffer(8))
  bits.setFloat64(0, value)
  const raw = bits.getBigUint64(0)
  const biased = Number((raw >> 52n) & 0x7ffn)
  const fraction = raw & 0xf_ffff_ffff_ffffn
  const magnitude = biased === 0 ? fraction : fraction | (1n << 52n)
  const coefficient = raw >> 63n ? -magnitude : magnitude
  const exponent = Math.max(biased, 1) - 1075
  return exponent >= 0 ? new Decimal(coefficient << BigInt(exponent), 0) : reduced(coefficient, -exponent)
}

function reduced(coefficient: bigint, halvings: number): Decimal {
  let rest = coefficient
  let k = halvings
  while (k > 0 && (rest & 1n) === 0n) {
    rest >>= 1n
    k--
  }
  return new Decimal(rest * 5n ** BigInt(k), k)
}
