import { expect, test } from 'vitest'
import { formatNaive, parseLenientDatetime } from './datetime.ts'

const iso = (date: Date | undefined) => date?.toISOString()

test.each([
  ['2026-06-01', '2026-06-01T00:00:00.000Z'],
  ['2026-06-01 10:20', '2026-06-01T10:20:00.000Z'],
  ['2026-06-01 10:20:30', '2026-06-01T10:20:30.000Z'],
  ['2026-06-01 00:00:00+00:00', '2026-06-01T00:00:00.000Z'],
  ['2026-06-01T10:20:30.104211', '2026-06-01T10:20:30.104Z'],
  ['2026-06-01T10:20:30Z', '2026-06-01T10:20:30.000Z'],
  ['2026-06-01T10:20:30+02:00', '2026-06-01T08:20:30.000Z'],
  ['2026-06-01T10:20:30-0130', '2026-06-01T11:50:30.000Z'],
  ['20260601T000000Z', '2026-06-01T00:00:00.000Z'],
])('v1 reads %s', (text, wanted) => expect(iso(parseLenientDatetime(text))).toBe(wanted))

test.each([
  '',
  'zz',
  '2026-06-31',
  '2026-13-01',
  '0000-01-01',
  '2026-06-01T25:00',
  '2026-06-01T24:00',
  '9999-12-31T23:00-05:00',
])('v1 refuses %j', (text) => expect(parseLenientDatetime(text)).toBeUndefined())

test('v1 prints dates without a zone, and a fraction only when there is one', () => {
  expect(formatNaive(new Date('2026-06-01T00:00:00Z'))).toBe('2026-06-01T00:00:00')
  expect(formatNaive(new Date('2026-06-11T08:30:12.104Z'))).toBe('2026-06-11T08:30:12.104000')
})
