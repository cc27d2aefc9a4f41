import { expect, test } from 'vitest'
import { parseGroupby } from './parse-groupby.ts'

const GRID = { origin: 0, seconds: 3600 }

test.each(['constructor', '__proto__', 'toString'])('%s is an attribute like any other', (name) => {
  expect(parseGroupby([name], GRID)).toEqual([{ grouping: { by: 'attribute', name }, column: name }])
})

test('the short names of times stand for the calendar’s', () => {
  expect(parseGroupby(['time-d', 'month'], GRID).map(({ column }) => column)).toEqual(['day_of_the_year', 'month'])
})
