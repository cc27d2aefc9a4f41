import fc from 'fast-check'
import { expect, test } from 'vitest'
import { editDistance, nearest } from './nearest.ts'

test.each([
  ['gropby', ['unit', 'groupby', 'metadata'], 'groupby'],
  ['wait_period', ['period', 'wait_periods', 'collector'], 'wait_periods'],
  ['hots', ['host', 'port'], 'host'],
  ['colour', ['unit', 'groupby'], undefined],
  ['', ['a', 'b'], 'a'],
  ['x', [], undefined],
])('%j among %j means %j', (word, candidates, wanted) => expect(nearest(word, candidates)).toBe(wanted))

test('the distance is a metric: zero for equal words, the same both ways, at most the longer length', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 12 }), fc.string({ maxLength: 12 }), (a, b) => {
      expect(editDistance(a, a)).toBe(0)
      expect(editDistance(a, b)).toBe(editDistance(b, a))
      expect(editDistance(a, b)).toBeLessThanOrEqual(Math.max(a.length, b.length))
      expect(editDistance(a, b) === 0).toBe(a === b)
    }),
  )
})
