import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type IsoDialect, parseIsoInstant, parseIsoTime } from './iso-time.ts'

const ALL = ['v1', 'v2', 'file', 'rule', 'plain'] as const satisfies readonly IsoDialect[]
const seconds = (text: string) => Date.parse(text) / 1000

test.each([
  '2026-02-29',
  '2026-02-30',
  '2026-02-31',
  '2026-04-31',
  '1900-02-29',
  '2026-00-01',
  '2026-13-01',
  '2026-06-00',
  '0000-01-01',
  '2026-02-31T10:00:00Z',
  '2026-06-01T24:00:00Z',
  '2026-06-01T25:00:00Z',
  '2026-06-01T10:60:00Z',
  '2026-06-01T10:00:60Z',
  '2026-06-01T10:00:00+24:00',
  '2026-06-01T10:00:00+01:60',
  '9999-12-31T23:59:59-00:01',
  '0001-01-01T00:00:00+00:01',
  '',
  'yesterday',
  '2026-6-1',
  '1780000000000',
])('nobody takes %j for a time', (text) => {
  for (const dialect of ALL) expect(parseIsoTime(text, dialect)).toBeUndefined()
})

test.each([
  ['2024-02-29', '2024-02-29T00:00:00Z'],
  ['2000-02-29', '2000-02-29T00:00:00Z'],
  ['0001-01-01', '0001-01-01T00:00:00Z'],
  ['0099-12-31', '0099-12-31T00:00:00Z'],
  ['2026-06-01T10:20', '2026-06-01T10:20:00Z'],
  ['2026-06-01 10:20:30.999', '2026-06-01T10:20:30Z'],
  ['2026-06-01T10:20:30,5Z', '2026-06-01T10:20:30Z'],
  ['2026-06-01T10:20:30+0530', '2026-06-01T04:50:30Z'],
  ['2026-06-01T10:20:30-01', '2026-06-01T11:20:30Z'],
  ['9999-12-31T23:59:59Z', '9999-12-31T23:59:59Z'],
])('everybody takes %s', (text, wanted) => {
  for (const dialect of ALL) expect(parseIsoInstant(text, dialect)).toBe(seconds(wanted))
})

test.each<[string, readonly IsoDialect[]]>([
  ['2026', ['v2', 'plain']],
  ['2026-06', ['v2', 'plain']],
  ['202606', []],
  ['20260601', ['v1', 'v2', 'rule', 'plain']],
  ['2026-0601', ['v1', 'rule']],
  ['2026-06T10:00', []],
  ['2026T10:00', []],
  ['20260601T102030Z', ['v1', 'v2', 'rule', 'plain']],
  ['20260601102030', ['v1']],
  ['2026-06-01T10', ['v2', 'rule', 'plain']],
  ['2026-06-01T10+02', ['v2', 'rule', 'plain']],
  ['2026-06-01t10:20:30z', ['v1', 'file', 'rule', 'plain']],
  ['2026-06-01T', ['v1']],
  ['2026-06-01  10:20', ['v1']],
  ['2026-06-01T  10:20', ['v1']],
  ['2026-06-01 10:20 +02:00', ['v1', 'file', 'rule']],
  ['2026-06-01 10:20  +02:00', ['v1', 'rule']],
  [' 2026-06-01 ', ['v1', 'rule', 'plain']],
  ['2026-06-01T10:20:30.1234567890', ['v1', 'v2', 'file', 'plain']],
])('%j is taken by %j only', (text, takers) => {
  expect(ALL.filter((dialect) => parseIsoTime(text, dialect) !== undefined)).toEqual(takers)
})

test.each([
  ['2026', '2026-01-01T00:00:00Z'],
  ['2026-06', '2026-06-01T00:00:00Z'],
  ['2026-06-11', '2026-06-11T00:00:00Z'],
  ['20260611', '2026-06-11T00:00:00Z'],
  ['20260601T000000Z', '2026-06-01T00:00:00Z'],
  ['2026-06-11T07:00', '2026-06-11T07:00:00Z'],
  ['2026-06-11T07', '2026-06-11T07:00:00Z'],
  ['2026-06-11 07+02:00', '2026-06-11T05:00:00Z'],
  ['2026-06-11T07:00:00.123456789012Z', '2026-06-11T07:00:00Z'],
  ['2026-06-01 00:00:00+00:00', '2026-06-01T00:00:00Z'],
  ['2026-06-11T07:00:00.999999+00:00', '2026-06-11T07:00:00Z'],
  ['2026-06-11T07:00:00,5+02', '2026-06-11T05:00:00Z'],
  ['2026-06-11T07:00:00+0230', '2026-06-11T04:30:00Z'],
])('v2 reads %s', (text, wanted) => expect(parseIsoInstant(text, 'v2')).toBe(seconds(wanted)))

test.each([
  '',
  'zz',
  '2026-06-11t07:00:00',
  '2026-06-11T07:00:00z',
  '2026-06-01 00:00:00 00:00',
  '2026-06T10:00',
  '2026-02-30',
  ' 2026',
])('v2 refuses %j', (text) => expect(parseIsoInstant(text, 'v2')).toBeUndefined())

test('a time that is written is read again, in every dialect, with its microseconds', () => {
  const range = { min: seconds('0001-01-02T00:00:00Z'), max: seconds('9999-12-30T00:00:00Z') }
  fc.assert(
    fc.property(fc.integer(range), fc.nat(999_999), fc.integer({ min: -1439, max: 1439 }), (at, micros, offset) => {
      const wall = new Date((at + offset * 60) * 1000).toISOString().slice(0, 19)
      const zone = `${offset < 0 ? '-' : '+'}${two(Math.abs(offset) / 60)}:${two(Math.abs(offset) % 60)}`
      const text = `${wall}.${String(micros).padStart(6, '0')}${zone}`
      for (const dialect of ALL) expect(parseIsoTime(text, dialect)).toEqual({ seconds: at, micros, isDate: false })
    }),
  )
})

// Where blanks may stand twice in a row, each one more doubled the work: 200 kB held the service for a minute.
test.each(['', '2026', '2026-06-01', '2026-06-01T', '2026-06-01T10:20', '2026-06-01T10:20:30.'])(
  'a long text that begins with %j costs nothing',
  (start) => {
    for (const filler of [' ', '\t', '0', '0 ', '+', 'T', '-']) {
      const text = `${start}${filler.repeat(4_000_000)}x`
      for (const dialect of ALL) expect(parseIsoTime(text, dialect)).toBeUndefined()
    }
  },
)

function two(number: number): string {
  return String(Math.floor(number)).padStart(2, '0')
}
