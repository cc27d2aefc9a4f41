import { expect, test } from 'vitest'
import { samplePeriod } from './sample-period.ts'

const at = (text: string) => Date.parse(`${text}Z`) / 1000

test.each([
  ['a first start takes 30 days up to the last full hour', undefined, at('2026-05-16T08:00'), at('2026-06-15T08:00')],
  ['a later start takes the hours since', at('2026-06-15T05:00'), at('2026-06-15T06:00'), at('2026-06-15T08:00')],
  ['a start after a long stop leaves no gap', at('2026-01-01'), at('2026-01-01T01:00'), at('2026-06-15T08:00')],
])('%s', (_guarantee, last, begin, end) => {
  expect(samplePeriod(at('2026-06-15T08:59'), last)).toEqual({ begin, end })
})

test('within the same hour, or with a clock that was set back, there is nothing new', () => {
  expect(samplePeriod(at('2026-06-15T08:59'), at('2026-06-15T07:00'))).toBeUndefined()
  expect(samplePeriod(at('2026-06-15T08:59'), at('2026-06-15T12:00'))).toBeUndefined()
})
