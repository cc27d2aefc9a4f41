import { expect, test } from 'vitest'
import { parseYaml11, toJson, YamlNumber } from './yaml11.ts'

const json = (text: string) => toJson(parseYaml11(text).value!)

test.each([
  ['yes', true],
  ['Off', false],
  ['y', 'y'],
  ['tRUE', 'tRUE'],
  ['1e-3', '1e-3'],
  ['1.0e3', '1.0e3'],
  ['1.5e+3', 1500],
  ['.5', 0.5],
  ['-0.25', -0.25],
  ['1/3', '1/3'],
  ['010', 8],
  ['-010', -8],
  ['09', '09'],
  ['0x1F', 31],
  ['0b101', 5],
  ['1_000', 1000],
  ['1:30', 90],
  ['0b_', '0b_'],
  ['~', null],
  ['""', ''],
  ['"1"', '1'],
  ['2024-01-07', '2024-01-07'],
  ['.inf', '.inf'],
  ['.NaN', '.nan'],
])('%s reads as PyYAML reads it', (text, wanted) => expect(json(`a: ${text}`)).toEqual({ a: wanted }))

test('no digit of a number is lost', () => {
  const { value } = parseYaml11('a: 0.12345678901234567890123\nb: 123456789012345678901234567890')
  expect(value).toEqual(
    new Map([
      ['a', new YamlNumber('0.12345678901234567890123')],
      ['b', new YamlNumber('123456789012345678901234567890')],
    ]),
  )
})

test('anchors, aliases and merge keys work', () => {
  expect(json('x: &x {a: 1, b: 2}\ny: {<<: *x, b: 3}\nz: *x\n')).toEqual({
    x: { a: 1, b: 2 },
    y: { a: 1, b: 3 },
    z: { a: 1, b: 2 },
  })
})

test.each([
  ['a: 1\nb: 2\na: 3\n', 3, 'Map keys must be unique'],
  ['a:\n  - [1\n', 3, /sequence/],
  ['a: *b\n', 1, /Unresolved alias/],
  ['a: &a [*a]\n', 1, /nested deeper/],
  ['a: !!python/object:os.system x\n', 1, /Unresolved tag/],
  ['a: 1\n---\nb: 1\n', 2, /second document/],
  ['\ta: 1\n', 1, /Tabs/],
])('%j is refused with its line', (text, line, reason) => {
  const { value, faults } = parseYaml11(text)
  expect(value).toBeUndefined()
  expect(faults).toEqual([{ line, reason: expect.stringMatching(reason) }])
})

test('a document that explodes through aliases is refused', () => {
  const levels = Array.from({ length: 12 }, (_, i) => `a${i + 1}: &a${i + 1} [${`*a${i},`.repeat(9)}]`)
  const { faults } = parseYaml11(`a0: &a0 x\n${levels.join('\n')}\n`)
  expect(faults).toHaveLength(1)
})

test('a path has the line of what stands there, or of the nearest thing around it', () => {
  const { lineOf } = parseYaml11('a:\n  b:\n    - x\n    - y: 1\n  c: &c\n    d: 1\ne: *c\n')
  expect(lineOf([])).toBe(1)
  expect(lineOf(['a', 'b'])).toBe(2)
  expect(lineOf(['a', 'b', 1])).toBe(4)
  expect(lineOf(['a', 'b', 1, 'y'])).toBe(4)
  expect(lineOf(['a', 'c', 'missing'])).toBe(5)
  expect(lineOf(['e', 'd'])).toBe(6)
})
