import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decimal } from '../../domain/decimal.ts'
import { Fraction, FRACTION_ZERO } from '../../domain/fraction.ts'
import { toQuantity } from '../../domain/to-quantity.ts'
import { METHODS } from './extra-args.ts'
import { reAggregate } from './re-aggregate.ts'

test.each([
  ['first', '0.3'],
  ['last', '0.1'],
  ['max', '2'],
  ['min', '0.1'],
  ['sum', '2.6'],
  ['count', '2.6'],
  ['mean', '0.65'],
  ['median', '0.25'],
] as const)('the %s of several values is exact', (method, wanted) => {
  const values = ['0.3', '2', '0.2', '0.1'].map(decimal)
  expect(reAggregate(values, method).toString()).toBe(wanted)
})

test('the median of an odd number of values is one of them', () => {
  expect(reAggregate(['3', '1', '2'].map(decimal), 'median').toString()).toBe('2')
})

test('the standard deviation is that of the whole population', () => {
  expect(reAggregate(['2', '4', '4', '4', '5', '5', '7', '9'].map(decimal), 'std').toString()).toBe('2')
})

test('a mean that never ends is exact until it is a quantity', () => {
  const mean = reAggregate(['1', '0', '0'].map(decimal), 'mean')
  expect(mean).toEqual(new Fraction(1n, 3n))
  const metric = { factor: new Fraction(27n, 10n), offset: FRACTION_ZERO, mutate: 'NONE', mutateMap: [] } as const
  expect(toQuantity(mean, metric).toString()).toBe('0.9')
})

test('one value is itself by every method but its own deviation', () => {
  const value = decimal('0.1')
  for (const method of METHODS) {
    expect(reAggregate([value], method).toString()).toBe(method === 'std' ? '0' : '0.1')
  }
})

test('the order of the values matters to first and last only', () => {
  const values = fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: 1, maxLength: 12 })
  fc.assert(
    fc.property(values, fc.constantFrom('mean', 'sum', 'max', 'min', 'std', 'median', 'count'), (numbers, method) => {
      const list = numbers.map((number) => decimal(`${number}e-2`))
      expect(reAggregate(list, method).toString()).toBe(reAggregate(list.toReversed(), method).toString())
    }),
  )
})
