import { Decimal as Reference } from 'decimal.js'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  add,
  compare,
  Decimal,
  decimal,
  decimalFromNumber,
  formatDecimal,
  mul,
  parseDecimal,
  PRICE_DIGITS,
  rescale,
  roundDigits,
  subtract,
  toFixed,
} from './decimal.ts'

const Exact = Reference.clone({ precision: 200, toExpNeg: -1000, toExpPos: 1000 })
const Context28 = Exact.clone({ precision: PRICE_DIGITS, rounding: Reference.ROUND_HALF_EVEN })

const anyDecimal = fc
  .tuple(fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }), fc.integer({ min: 0, max: 40 }))
  .map(([coefficient, scale]) => new Decimal(coefficient, scale))
const reference = (value: Decimal) => new Exact(formatDecimal(value))

test('arithmetic equals decimal.js, exact and at 28 digits half-even', () => {
  fc.assert(
    fc.property(anyDecimal, anyDecimal, (a, b) => {
      const [x, y] = [reference(a), reference(b)]
      expect(reference(add(a, b)).eq(x.plus(y))).toBe(true)
      expect(reference(subtract(a, b)).eq(x.minus(y))).toBe(true)
      expect(reference(mul(a, b)).eq(x.times(y))).toBe(true)
      expect(Math.sign(compare(a, b))).toBe(x.comparedTo(y))
      expect(reference(mul(a, b, PRICE_DIGITS)).eq(new Context28(x).times(new Context28(y)))).toBe(true)
      expect(reference(add(a, b, PRICE_DIGITS)).eq(new Context28(x).plus(new Context28(y)))).toBe(true)
    }),
  )
})

test('cutting to a scale equals decimal.js', () => {
  fc.assert(
    fc.property(anyDecimal, fc.integer({ min: 0, max: 30 }), (value, scale) => {
      const x = reference(value)
      const cut = x.toDecimalPlaces(scale, Reference.ROUND_HALF_EVEN)
      expect(reference(new Decimal(rescale(value, scale), scale)).eq(cut)).toBe(true)
      expect(toFixed(value, scale)).toBe(cut.isZero() ? cut.abs().toFixed(scale) : cut.toFixed(scale))
    }),
  )
})

test('text survives a round trip', () => {
  fc.assert(
    fc.property(anyDecimal, (value) => {
      expect(compare(decimal(formatDecimal(value)), value)).toBe(0)
      expect(formatDecimal(value)).toBe(reference(value).toFixed())
    }),
  )
})

test('a double becomes the decimal of its shortest text', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
      expect(Number(formatDecimal(decimalFromNumber(value)))).toBe(value === 0 ? 0 : value)
    }),
  )
})

test.each(['', '.', '-', 'abc', '1e', 'NaN', 'Inf', '1 2', '0x10', '1e99999', '--1', '1.2.3'])(
  '%j is not a number',
  (text) => expect(parseDecimal(text)).toBeUndefined(),
)

test.each([
  ['0.3703703670370370367037037034', '0.1234567890123456789012345678', '3'],
  ['123456789012.1234567890123457', '123456789012.1234567890123456789012345678', '1'],
])('the specification’s product %s', (product, flat, quantity) => {
  expect(formatDecimal(mul(decimal(flat), decimal(quantity), PRICE_DIGITS))).toBe(product)
})

test('rounding to digits is half-even and can lengthen nothing', () => {
  expect(formatDecimal(roundDigits(decimal('12345'), 4))).toBe('12340')
  expect(formatDecimal(roundDigits(decimal('12355'), 4))).toBe('12360')
  expect(formatDecimal(roundDigits(decimal('9999.5'), 4))).toBe('10000')
  expect(formatDecimal(roundDigits(decimal('2.5'), 1, 'half-up'))).toBe('3')
})
