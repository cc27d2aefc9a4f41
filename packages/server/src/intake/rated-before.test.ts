import { expect, test } from 'vitest'
import { ratedBefore } from './rated-before.ts'

const HOUR = 3600
const T = Date.UTC(2026, 5, 1) / 1000
const GRID = { periodSeconds: HOUR, keptFrom: undefined }
const rated = (scopeId: string, hours: number, offset = 0) => ({ scopeId, nextBegin: T + offset + hours * HOUR })
const spans = (all: Record<string, [number, number]>) =>
  new Map(Object.entries(all).map(([id, [first, last]]) => [id, { first: T + first, last: T + last }]))

test.each<[string, [number, number], [number, number] | undefined]>([
  ['a sample at the begin of an hour belongs to that hour', [HOUR, HOUR], [HOUR, 2 * HOUR]],
  ['the last second of an hour belongs to it', [2 * HOUR - 1, 2 * HOUR - 1], [HOUR, 2 * HOUR]],
  ['all hours from the first sample to the last one', [HOUR + 5, 3 * HOUR + 5], [HOUR, 4 * HOUR]],
  ['not what is not rated yet', [HOUR + 5, 30 * HOUR], [HOUR, 10 * HOUR]],
  ['the newest rated hour too', [9 * HOUR, 9 * HOUR], [9 * HOUR, 10 * HOUR]],
  ['nothing where all samples are of hours to come', [10 * HOUR, 30 * HOUR], undefined],
])('%s', (_name, span, wanted) => {
  const found = ratedBefore([rated('a', 10)], spans({ a: span }), GRID)
  const period = wanted && { begin: T + wanted[0], end: T + wanted[1] }
  expect(found).toEqual(period ? [{ ...period, scopeIds: ['a'] }] : [])
})

test('only scopes that the samples are of; those with equal periods come together', () => {
  const scopes = [rated('a', 10), rated('b', 20), rated('c', 10), rated('untouched', 99), rated('behind', 0)]
  const found = ratedBefore(
    scopes,
    spans({ a: [0, 1], b: [0, 1], c: [5 * HOUR, 6 * HOUR], behind: [0, 1], unknown: [0, 1] }),
    GRID,
  )
  expect(found).toEqual([
    { begin: T, end: T + HOUR, scopeIds: ['a', 'b'] },
    { begin: T + 5 * HOUR, end: T + 7 * HOUR, scopeIds: ['c'] },
  ])
})

test('periods lie on the grid of their scope, which need not begin at a full hour', () => {
  const [found] = ratedBefore([rated('a', 10, 1800)], spans({ a: [HOUR, HOUR] }), GRID)
  expect(found).toMatchObject({ begin: T + 1800, end: T + 1800 + HOUR })
})

test('what is not kept any more is not asked for', () => {
  const found = ratedBefore([rated('a', 10), rated('b', 10)], spans({ a: [0, 8 * HOUR], b: [0, HOUR] }), {
    ...GRID,
    keptFrom: T + 6 * HOUR + 1,
  })
  expect(found).toEqual([{ begin: T + 7 * HOUR, end: T + 9 * HOUR, scopeIds: ['a'] }])
})
