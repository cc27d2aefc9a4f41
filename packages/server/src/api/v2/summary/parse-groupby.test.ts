import { expect, test } from 'vitest'
import { groupingName } from '../../../storage/grouping.ts'
import { parseGroupby } from './parse-groupby.ts'

const GRID = { origin: 0, seconds: 3600 }

test.each(['constructor', '__proto__', 'toString'])('%s is an attribute like any other', (name) => {
  expect(parseGroupby([name], GRID)).toEqual({ groupby: [{ by: 'attribute', name }] })
})

test('the short names of times stand for the calendar’s', () => {
  const { groupby } = parseGroupby(['time-d', 'month'], GRID)
  expect(groupby.map(groupingName)).toEqual(['day_of_the_year', 'month'])
})

test('time is no column: it makes buckets as long as the periods, wherever it stands', () => {
  expect(parseGroupby(['id', 'time', 'unit', 'type', 'year', 'time', ''], GRID)).toEqual({
    groupby: [{ by: 'attribute', name: 'id' }, { by: 'unit' }, { by: 'type' }, { by: 'calendar', name: 'year' }],
    buckets: GRID,
  })
})
