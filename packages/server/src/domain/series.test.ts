import { expect, test } from 'vitest'
import { attributeText, type SeriesIdentity, SeriesRegistry, toSeries } from './series.ts'

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

test('attributes read as Python prints them', () => {
  expect([true, false, null, undefined, 8, 'x'].map(attributeText)).toEqual(['True', 'False', 'None', '', '8', 'x'])
})
