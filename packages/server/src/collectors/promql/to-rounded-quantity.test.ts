import { expect, test } from 'vitest'
import { decimal } from '../../domain/decimal.ts'
import { FRACTION_ONE, FRACTION_ZERO, parseFraction } from '../../domain/fraction.ts'
import type { Mutation } from '../../domain/metric.ts'
import { toRoundedQuantity } from './to-rounded-quantity.ts'

// Each was computed by CloudKitty's own code.
test.each<[string, string | number, string | number, Mutation, string]>([
  ['123456789.5', 1, 0, 'NONE', '123456790'],
  ['1234567890123', 1, 0, 'NONE', '1234567890000'],
  ['0.333333333333', 3, 0, 'NONE', '0.999999999'],
  ['2.5', 1, 0.1, 'NONE', '2.6'],
  ['2.0000000051', 1, 0, 'CEIL', '3'],
  ['2.000000001', 1, 0, 'CEIL', '2'],
])('%s × %s + %s, %s, with nine digits is %s', (collected, factor, offset, mutate, wanted) => {
  const metric = { factor: parseFraction(factor)!, offset: parseFraction(offset)!, mutate, mutateMap: [] }
  expect(toRoundedQuantity(decimal(collected), metric, 9).toString()).toBe(wanted)
})

test('a factor goes through a double, as in CloudKitty', () => {
  const metric = { factor: parseFraction('1/3')!, offset: FRACTION_ZERO, mutate: 'NONE', mutateMap: [] } as const
  // Decimal(float(Fraction(1, 3))) in Python.
  expect(toRoundedQuantity(decimal('1'), metric, 38).toString()).toBe('0.33333333333333331482961625624739099294')
  const small = { ...metric, factor: parseFraction('1/1048576')! }
  expect(toRoundedQuantity(decimal('1'), small, 38).toString()).toBe('0.00000095367431640625')
  const negative = { ...metric, factor: FRACTION_ONE, offset: parseFraction('-0.1')! }
  expect(toRoundedQuantity(decimal('0'), negative, 38).toString()).toBe('-0.10000000000000000555111512312578270212')
})
