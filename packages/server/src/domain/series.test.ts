import { expect, test } from 'vitest'
import { SeriesRegistry } from './series-registry.ts'
import { PythonNumber } from '../lib/python-text.ts'
import {
  type Attributes,
  attributesJson,
  attributeText,
  type AttributeValue,
  parseAttributes,
  ruleText,
  type SeriesIdentity,
  toSeries,
} from './series.ts'

const IDENTITY: SeriesIdentity = {
  scopeId: 'web-shop',
  type: 'instance',
  unit: 'instance',
  groupby: { project_id: 'web-shop', id: 'a1' },
  metadata: { flavor_name: 'm1.small', vcpus: 1, tags: ['x', { b: null, a: true }] },
}

test('an identity has the same id in every release: stored points hang on it', () => {
  expect(toSeries(IDENTITY).id).toBe(3554185904697038958n)
})

test('the order in which attributes were sent does not matter, at any depth', () => {
  const metadata = { tags: ['x', { a: true, b: null }], vcpus: 1, flavor_name: 'm1.small' }
  const groupby = { id: 'a1', project_id: 'web-shop' }
  expect(toSeries({ ...IDENTITY, groupby, metadata }).id).toBe(toSeries(IDENTITY).id)
})

test.each<[string, Partial<SeriesIdentity>]>([
  ['the scope', { scopeId: 'media' }],
  ['the type', { type: 'volume' }],
  ['the unit', { unit: 'h' }],
  ['a value of groupby', { groupby: { project_id: 'web-shop', id: 'a2' } }],
  ['groupby against metadata', { groupby: IDENTITY.metadata, metadata: IDENTITY.groupby }],
  ['an integer against a float', { metadata: { ...IDENTITY.metadata, vcpus: new PythonNumber('1.0') } }],
  ['a number against its text', { metadata: { ...IDENTITY.metadata, vcpus: '1' } }],
  ['the order of a list', { metadata: { ...IDENTITY.metadata, tags: [{ b: null, a: true }, 'x'] } }],
])('%s tells series apart', (_what, change) => {
  expect(toSeries({ ...IDENTITY, ...change }).id).not.toBe(toSeries(IDENTITY).id)
})

test('an object and a list of its pairs are two things', () => {
  const [a, b] = [{ x: { a: 1 } }, { x: [['a', 1]] }].map((metadata) => toSeries({ ...IDENTITY, metadata }))
  expect(a!.id).not.toBe(b!.id)
})

test('the same key gives the same object, and asks for the identity once', () => {
  const registry = new SeriesRegistry()
  let asked = 0
  const identity = () => {
    asked++
    return IDENTITY
  }
  expect(registry.intern('k', identity)).toBe(registry.intern('k', identity))
  expect(asked).toBe(1)
})

test.each<[AttributeValue | undefined, string, string]>([
  [true, 'True', 'True'],
  [false, 'False', 'False'],
  // CloudKitty's rules match it by this text, which nobody wants to read in a report.
  [null, 'None', ''],
  [undefined, '', ''],
  [8, '8', '8'],
  [new PythonNumber('8.0'), '8.0', '8.0'],
  [0.00001, '1e-05', '1e-05'],
  ['x', 'x', 'x'],
  [[new PythonNumber('8.0'), null], '[8.0,null]', '[8.0,null]'],
])('rules read %j as Python prints it, reports have nothing for null', (value, rule, report) => {
  expect([ruleText(value), attributeText(value)]).toEqual([rule, report])
})

test('attributes are the same again after they were JSON', () => {
  const attributes = { a: new PythonNumber('8.0'), b: [1, '8.0', { c: new PythonNumber('1e+16') }], d: null, 'e"': 2.5 }
  const json = '{"a":8.0,"b":[1,"8.0",{"c":1e+16}],"d":null,"e\\"":2.5}'
  expect(attributesJson(attributes)).toBe(json)
  expect(parseAttributes(json)).toEqual(attributes)
})

test('a text that is longer than is kept is refused, and the fault names the scope', () => {
  const registry = new SeriesRegistry({ textBytesMax: 1000 })
  const intern = (metadata: Attributes, key = JSON.stringify(metadata)) =>
    registry.intern(key, () => ({ scopeId: 'alpha', type: 'instance', unit: 'x', groupby: {}, metadata }))
  expect(intern({ name: 'x'.repeat(1000), umlauts: 'ü'.repeat(500) }).scopeId).toBe('alpha')
  for (const metadata of [{ name: 'x'.repeat(1001) }, { name: 'ü'.repeat(501) }, { ['n'.repeat(1001)]: '' }]) {
    expect(() => intern(metadata)).toThrow(
      expect.objectContaining({
        code: 'collect.invalid_answer',
        scopeIds: ['alpha'],
        message: expect.stringMatching(
          /^the attribute .* in scope alpha has 100\d bytes, and at most 1000 are kept/,
        ) as string,
      }),
    )
  }
})

test('however long the series are, they are remembered within their bytes', () => {
  const registry = new SeriesRegistry({ bytesMax: 1_000_000 })
  for (let i = 0; i < 1000; i++) {
    const groupby = { id: `${i}`.padEnd(20_000, 'x') }
    registry.intern(`${i}`, () => ({ scopeId: '', type: 'instance', unit: 'x', groupby, metadata: {} }))
  }
  expect(registry.bytes).toBeLessThanOrEqual(1_000_000)
})
