import { expect, test } from 'vitest'
import { decimal, ONE, ZERO } from '../domain/decimal.ts'
import { NO_RULES, type Point } from '../domain/point.ts'
import { attributeText, toSeries } from '../domain/series.ts'
import { UNPRICED_REASONS, unpricedLine, unpricedRemedy, UnpricedTally } from './unpriced.ts'

function point(type: string, more: Partial<Point> = {}, metadata: Record<string, string> = {}): Point {
  const series = toSeries({ scopeId: 'p', type, unit: 'u', groupby: { id: 'i' }, metadata })
  return { series, begin: 0, end: 3600, quantity: decimal('1'), price: ZERO, rules: NO_RULES, ...more }
}

test('only points without price and rules are counted, by type and reason, with an example of what did not match', () => {
  const tally = new UnpricedTally()
  const points = [
    point('instance', {}, { flavor_id: '<nil>' }),
    point('instance', {}, { flavor_id: 'other' }),
    point('instance', { price: ONE }),
    point('instance', { rules: ['free'] }),
    point('image'),
    point('free'),
  ]
  tally.count(points, ({ series }) =>
    series.type === 'free'
      ? undefined
      : series.type === 'image'
        ? { reason: 'no-service' }
        : { reason: 'no-match', seen: () => `flavor_id = '${attributeText(series.metadata['flavor_id'])}'` },
  )
  tally.merge([{ type: 'image', reason: 'no-service', points: 5 }])
  expect(tally.usages).toEqual([
    { type: 'instance', reason: 'no-match', points: 2, example: "flavor_id = '<nil>'" },
    { type: 'image', reason: 'no-service', points: 6 },
  ])
})

test.each(UNPRICED_REASONS)('%s is said in words, with what to do', (reason) => {
  expect(unpricedRemedy({ type: 'image', reason })).toMatch(/: (switch|create) /)
})

test('one line tells all of them, however many there are', () => {
  expect(unpricedLine([])).toBeUndefined()
  const usages = ['a', 'b', 'c', 'd', 'e'].map((type) => ({ type, reason: 'no-service' as const, points: 7 }))
  const line = unpricedLine(usages)!
  expect(line).toMatch(
    /^Without a price: 7 points of a \(hashmap has no service named a: create it .*; and 2 more types or reasons/,
  )
  expect(line).not.toContain('\n')
})
