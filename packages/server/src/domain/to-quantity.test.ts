import { expect, test } from 'vitest'
import { decimal } from './decimal.ts'
import { type Exact, Fraction, FRACTION_ONE, FRACTION_ZERO, parseFraction } from './fraction.ts'
import type { Metric } from './metric.ts'
import { toQuantity } from './to-quantity.ts'

const third = new Fraction(1n, 3n)

function quantity(value: Exact, { factor = FRACTION_ONE, ...given }: Partial<Metric> = {}): string {
  return toQuantity(value, { factor, offset: FRACTION_ZERO, mutate: 'NONE', mutateMap: [], ...given }).toString()
}

test.each<[string, Exact, string | number, string]>([
  ['a mean of which a factor makes a number that ends', third, '2.7', '0.9'],
  ['seconds of MiB that become hours of GiB', new Fraction(3_317_760n, 1n), '1/3686400', '0.9'],
  ['what never ends is cut half-even', third, '2', '0.666666666666666667'],
  ['a tie that only the exact value shows', new Fraction(1n, 3n), '4.5e-18', '0.000000000000000002'],
  ['the other tie', new Fraction(1n, 3n), '7.5e-18', '0.000000000000000002'],
])('a quantity is exact and cut once: %s', (_what, value, factor, wanted) => {
  expect(quantity(value, { factor: parseFraction(factor)! })).toBe(wanted)
})

test.each<[Metric['mutate'], Exact, string]>([
  ['FLOOR', decimal('0.9999999999999999999'), '0'],
  ['FLOOR', new Fraction(-1n, 3n), '-1'],
  ['FLOOR', new Fraction(-3n, 3n), '-1'],
  ['CEIL', decimal('1.0000000000000000001'), '2'],
  ['CEIL', new Fraction(-1n, 3n), '0'],
  ['CEIL', new Fraction(4n, 2n), '2'],
  ['NUMBOOL', decimal('1e-30'), '1'],
  ['NUMBOOL', new Fraction(0n, 7n), '0'],
  ['NOTNUMBOOL', decimal('-0.0'), '1'],
  ['MAP', new Fraction(3n, 6n), '7'],
  ['MAP', third, '0'],
])('%s looks at the exact value of %s', (mutate, value, wanted) => {
  expect(quantity(value, { mutate, mutateMap: [[decimal('0.5'), decimal('7')]] })).toBe(wanted)
})
