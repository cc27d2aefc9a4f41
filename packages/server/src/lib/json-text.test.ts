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

test.each(['', '{', '[1,]', '{"a"}', 'NaN', '[01]', '1 2', '[0.12345678901234567,]', `${'['.repeat(5000)}`])(
  'text that is not JSON is a SyntaxError: %.20s',
  (text) => expect(() => parseJson(text, literal)).toThrow(SyntaxError),
)
