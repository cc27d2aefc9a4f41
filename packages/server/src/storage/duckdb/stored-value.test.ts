import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compare, Decimal, decimal, roundScale, toStored } from '../../domain/decimal.ts'
import { fromStoredValue, REST, restOf, toStoredValue, toUnits } from './stored-value.ts'

const anyDecimal = fc
  .tuple(fc.bigInt({ min: -(10n ** 45n), max: 10n ** 45n }), fc.integer({ min: 0, max: 30 }))
  .map(([coefficient, scale]) => new Decimal(coefficient, scale))

test('every value that fits comes back, cut to eighteen digits; every other is refused', () => {
  fc.assert(
    fc.property(anyDecimal, (value) => {
      const stored = toStoredValue(value)
      expect(stored === undefined).toBe(toStored(value) === undefined)
      if (stored === undefined) return
      expect(compare(fromStoredValue(stored.nano, stored.atto, stored.high), roundScale(value, 18))).toBe(0)
      expect(toUnits(stored.nano, BigInt(stored.atto), stored.high)).toBe(toStored(value))
    }),
    { numRuns: 1000 },
  )
})

test('each part fits its column, and the parts have one sign', () => {
  fc.assert(
    fc.property(anyDecimal, (value) => {
      const stored = toStoredValue(value)
      if (stored === undefined) return
      const { nano, atto, high } = stored
      expect(BigInt.asIntN(64, nano)).toBe(nano)
      expect(BigInt.asIntN(64, high)).toBe(high)
      expect(Math.abs(atto)).toBeLessThan(1e9)
      const signs = new Set([nano, BigInt(atto), high].map((part) => (part < 0n ? -1 : part > 0n ? 1 : 0)))
      expect(signs.has(-1) && signs.has(1)).toBe(false)
    }),
  )
})

test.each([
  ['0', REST.none],
  ['-12.25', REST.none],
  ['4611686018.427387903', REST.none],
  ['4611686018.427387904', REST.high],
  ['0.000000001', REST.none],
  ['0.0000000010', REST.none],
  ['0.0000000001', REST.atto],
  ['-99999999999999999999.999999999999999999', REST.high],
])('%s is of rest %i', (text, rest) => {
  expect(restOf(toStoredValue(decimal(text))!)).toBe(rest)
})
