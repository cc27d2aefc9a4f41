import { expect, test } from 'vitest'
import { PythonNumber, pythonText, readNumber } from './python-text.ts'

test.each([
  ['8', '8'],
  ['-0', '0'],
  ['123456789012345678901234567890', '123456789012345678901234567890'],
  ['8.0', '8.0'],
  ['-0.0', '-0.0'],
  ['0.10', '0.1'],
  ['1e-5', '1e-05'],
  ['0.0001', '0.0001'],
  ['0.00012345', '0.00012345'],
  ['1e15', '1000000000000000.0'],
  ['1E16', '1e+16'],
  ['1234567890123456.7', '1234567890123456.8'],
  ['12345.678', '12345.678'],
  ['-1.5e300', '-1.5e+300'],
  ['1e400', 'inf'],
])('the number %s reads as Python prints it: %s', (literal, text) => {
  expect(pythonText(readNumber(literal))).toBe(text)
})

test('a number that reads alike in both languages is a plain one', () => {
  expect(['8', '-0', '2.5', '2.50', '1e2', '8.0'].map(readNumber)).toEqual([
    8,
    0,
    2.5,
    2.5,
    new PythonNumber('100.0'),
    new PythonNumber('8.0'),
  ])
})

test.each([
  ['text', 'text'],
  ['', ''],
  [null, 'None'],
  [true, 'True'],
  [false, 'False'],
  [8, '8'],
  [2.5, '2.5'],
  [0.0000001, '1e-07'],
])('%j reads as %s', (value, text) => {
  expect(pythonText(value)).toBe(text)
})
