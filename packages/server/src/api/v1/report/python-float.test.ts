import { expect, test } from 'vitest'
import { decimal } from '../../../domain/decimal.ts'
import { pythonFloat, summaryRate, totalRate } from './python-float.ts'

test.each([
  ['2', '2.0'],
  ['0', '0.0'],
  ['244.944', '244.944'],
  ['-0.5', '-0.5'],
  ['0.0001', '0.0001'],
  ['0.00001', '1e-05'],
  ['0.000012', '1.2e-05'],
  ['9999999999999999', '9999999999999999.0'],
  ['10000000000000000', '1e+16'],
  ['-12345678901234567.5', '-1.23456789012345675e+16'],
])('%s is spelled %s', (value, text) => expect(pythonFloat(decimal(value))).toBe(text))

test.each([
  ['0', '0'],
  ['0.000004', '0.0'],
  ['81.648', '81.648'],
  ['3.5162469134', '3.51625'],
])('in a v1 summary %s is %s', (value, text) => expect(summaryRate(decimal(value))).toBe(text))

test('a v1 total is not rounded', () => expect(totalRate(decimal('3.5162469134'))).toBe('3.5162469134'))
