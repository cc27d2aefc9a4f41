import fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatRuleTime, parseRuleTime, ruleTimeFromDate } from './rule-time.ts'

test.each([
  ['2026-06-01', '2026-06-01T00:00:00'],
  ['2026-06-01 08:30', '2026-06-01T08:30:00'],
  ['2026-06-01T08:30:12', '2026-06-01T08:30:12'],
  ['2026-06-01T08:30:12.5', '2026-06-01T08:30:12.500000'],
  ['2026-06-01T08:30:12.104211999', '2026-06-01T08:30:12.104211'],
  ['2026-06-01T08:30:12Z', '2026-06-01T08:30:12'],
  ['2026-06-01T08:30:12+02:00', '2026-06-01T06:30:12'],
  ['2026-06-01T08:30:12-0130', '2026-06-01T10:00:12'],
  ['2026-06-01 08:30:12.104211+00', '2026-06-01T08:30:12.104211'],
  ['3000-01-01T23:59:59.999999', '3000-01-01T23:59:59.999999'],
  ['1969-12-31T23:59:59.000001', '1969-12-31T23:59:59.000001'],
])('%s is %s UTC', (text, wanted) => expect(formatRuleTime(parseRuleTime(text)!)).toBe(wanted))

test.each([
  '',
  'zz',
  '2026',
  '2026-13-01',
  '2026-04-31',
  '2026-06-01T24:00:00',
  '2026-06-01T08:30:12+25:00',
  '0000-01-01',
])('%j is no time', (text) => expect(parseRuleTime(text)).toBeUndefined())

test('a time survives being written and read, to the microsecond', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(10n ** 16n), max: 10n ** 17n }), (time) => {
      expect(parseRuleTime(formatRuleTime(time))).toBe(time)
    }),
  )
})

test('a date is its milliseconds', () => {
  expect(formatRuleTime(ruleTimeFromDate(new Date('2026-06-01T08:30:12.104Z')))).toBe('2026-06-01T08:30:12.104000')
})
