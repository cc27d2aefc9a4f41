import fc from 'fast-check'
import { expect, test } from 'vitest'
import { jsonText, parseJson } from './json-text.ts'

const literal = (text: string) => `exact ${text}`

test('text is spaced as Python spaces it and keeps the order of keys', () => {
  expect(jsonText({ b: [1, 'x', null, true], a: {}, gone: undefined, c: [] })).toBe(
    '{"b": [1, "x", null, true], "a": {}, "c": []}',
  )
})

test('an object that stands for a number leaves as its literal', () => {
  expect(jsonText({ rate: new Date(0) }, (value) => (value instanceof Date ? '0.10' : undefined))).toBe(
    '{"rate": 0.10}',
  )
})

test('what JSON can say survives a round trip', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
      expect(parseJson(jsonText(value), Number)).toEqual(JSON.parse(JSON.stringify(value)))
    }),
  )
})

test.each([
  ['0.1', 0.1],
  ['123456789012345', 123456789012345],
  ['1234567890.123456', 'exact 1234567890.123456'],
  ['-0.1000000000000000055', 'exact -0.1000000000000000055'],
  ['1e400', 'exact 1e400'],
])('the number %s is read as %s', (text, value) => {
  expect(parseJson(`{"a": [${text}]}`, literal)).toEqual({ a: [value] })
})

test('a long literal beside short ones leaves those plain, and the last of equal keys wins', () => {
  expect(parseJson('{"a": 1, "a": 2, "b": 0.12345678901234567}', literal)).toEqual({
    a: 2,
    b: 'exact 0.12345678901234567',
  })
})

test('digits in strings and keys stay what they are, long numbers beside them or not', () => {
  const value = { '0.12345678901234567': ':1e5, 12345678901234567890', b: '\\"1e9' }
  const text = JSON.stringify({ ...value, n: 0 }).replace('"n":0', '"n": 1e9')
  expect(parseJson(text, literal)).toEqual({ ...value, n: 'exact 1e9' })
  expect(parseJson(JSON.stringify(value), literal)).toEqual(value)
})

test('numbers of any form and place are read as another exact reader reads them', () => {
  const number = fc
    .tuple(fc.bigInt(), fc.option(fc.nat()), fc.option(fc.integer({ min: -400, max: 400 })))
    .map(
      ([whole, part, exponent]) =>
        `${whole}${part === null ? '' : `.${part}`}${exponent === null ? '' : `e${exponent}`}`,
    )
  const item = fc.oneof(
    number,
    fc.string().map((text) => JSON.stringify(text)),
    fc.constantFrom('null', 'true', '{}', '[]'),
  )
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.string(), item)), (members) => {
      const text = `[{${members.map(([key, value]) => `${JSON.stringify(key)} :${value}`).join(' ,')}}]`
      const plain = (value: string) => ({ of: Number(value) })
      const isExact = (value: unknown) => typeof value === 'object' && value !== null && 'of' in value
      const read = JSON.stringify(parseJson(text, plain), (_key, value: unknown) =>
        isExact(value) ? (value as { of: number }).of : value,
      )
      expect(read).toBe(JSON.stringify(JSON.parse(text)))
    }),
  )
})

test.each([
  '{12345678901234567: 1}',
  '[01234567890123456]',
  '[1234567890123456.]',
  '["a" 12345678901234567]',
  '[--1e5]',
])('a long number that is none, or is in the wrong place, is a SyntaxError: %s', (text) =>
  expect(() => parseJson(text, literal)).toThrow(SyntaxError),
)

test.each(['', '{', '[1,]', '{"a"}', 'NaN', '[01]', '1 2', '[0.12345678901234567,]', `${'['.repeat(5000)}`])(
  'text that is not JSON is a SyntaxError: %.20s',
  (text) => expect(() => parseJson(text, literal)).toThrow(SyntaxError),
)
