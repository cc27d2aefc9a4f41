import { expect, test } from 'vitest'
import { parseGroupby } from './parse-groupby.ts'

test.each(['constructor', '__proto__', 'toString'])('%s is an attribute like any other', (name) => {
  expect(parseGroupby([name], 3600)).toEqual([{ grouping: { by: 'attribute', name }, column: name }])
})

test('the short names of times stand for the calendar’s', () => {
  expect(parseGroupby(['time-d', 'month'], 3600).map(({ column }) => column)).toEqual(['day_of_the_year', 'month'])
})
