import { Decimal as DecimalJs } from 'decimal.js'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decimal, formatDecimal } from './decimal.ts'
import { calculate } from './skip-value.ts'

test('a quotient is rounded once', () => {
  // Cut to 30 digits before, it would lie on the middle and go down to the even one.
  const a = decimal('1000000000000000000000000000.50001')
  expect(formatDecimal(calculate('/', a, decimal('1')))).toBe('1000000000000000000000000001')
})

test('quotients of 28 digits are those of another library', () => {
  const Exact = DecimalJs.clone({ precision: 28, rounding: DecimalJs.ROUND_HALF_EVEN, toExpNeg: -2000, toExpPos: 2000 })
  const number = fc
    .tuple(fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }), fc.nat(20))
    .map(([coefficient, scale]) => `${coefficient}e-${scale}`)
  const ending = fc.constantFrom('5', '50', '500000001', '499999999').map((end) => `1${'0'.repeat(27)}${end}`)
  fc.assert(
    fc.property(fc.oneof(number, ending), number, (a, b) => {
      fc.pre(!new Exact(b).isZero())
      expect(formatDecimal(calculate('/', decimal(a), decimal(b)))).toBe(new Exact(a).div(b).toFixed())
    }),
  )
})
