import fc from 'fast-check'
import { expect, test } from 'vitest'
import { calendarOf } from './calendar.ts'
import { localTime, ZONE_NAMES } from './testing/local-time.ts'
import { TimeZone, UTC } from './time-zone.ts'

const at = (text: string) => Date.parse(text) / 1000
const zone = (name: string) => TimeZone.named(name)!
const iso = (instant: number) => new Date(instant * 1000).toISOString().slice(0, 19)

test.each(['', 'Europe/Berln', '+05:30', 'Mars/Olympus', '../etc/passwd', 'local', ' UTC'])(
  '%j is no time zone',
  (name) => expect(TimeZone.named(name)).toBeUndefined(),
)

test('a zone is made once', () => expect(TimeZone.named('Europe/Berlin')).toBe(TimeZone.named('Europe/Berlin')))

test.each([
  ['UTC', '2026-06-15T12:00:00Z', '2026-06-01T00:00:00'],
  ['Europe/Berlin', '2026-06-15T12:00:00Z', '2026-05-31T22:00:00'],
  ['Europe/Berlin', '2026-05-31T22:00:00Z', '2026-05-31T22:00:00'],
  ['Europe/Berlin', '2026-05-31T21:59:59Z', '2026-04-30T22:00:00'],
  ['Europe/Berlin', '2026-03-31T12:00:00Z', '2026-02-28T23:00:00'],
  ['Asia/Kolkata', '2026-06-30T18:30:00Z', '2026-06-30T18:30:00'],
  ['America/St_Johns', '2026-01-01T03:00:00Z', '2025-12-01T03:30:00'],
  // Clocks went from midnight to 01:00 on the first of October 2017 in Asuncion: the month began then.
  ['America/Asuncion', '2017-10-15T00:00:00Z', '2017-10-01T04:00:00'],
])('in %s the month of %s begins at %s UTC', (name, instant, begin) => {
  expect(iso(zone(name).monthStart(at(instant)))).toBe(begin)
})

test('months are counted from month to month, over the year and over daylight saving', () => {
  const berlin = zone('Europe/Berlin')
  const months = [-1, 0, 1, 2, 10, 11].map((months) => iso(berlin.monthStart(at('2026-02-10T00:00:00Z'), months)))
  expect(months).toEqual([
    '2025-12-31T23:00:00',
    '2026-01-31T23:00:00',
    '2026-02-28T23:00:00',
    '2026-03-31T22:00:00',
    '2026-11-30T23:00:00',
    '2026-12-31T23:00:00',
  ])
})

test.each([
  ['Europe/Berlin', '2026-03-29T10:00:00Z', '2026-03-28T23:00:00'],
  ['Europe/Berlin', '2026-03-30T10:00:00Z', '2026-03-29T22:00:00'],
  ['Africa/Cairo', '2026-04-24T10:00:00Z', '2026-04-23T22:00:00'],
])('in %s the day of %s begins at %s UTC', (name, instant, begin) => {
  expect(iso(zone(name).dayStart(at(instant)))).toBe(begin)
})

test('offsets of a range begin with its first instant, and tell each change within', () => {
  const [begin, end] = [at('2026-01-01T00:00:00Z'), at('2027-01-01T00:00:00Z')]
  expect(zone('Europe/Berlin').offsets(begin, end)).toEqual([
    { from: begin, seconds: 3600 },
    { from: at('2026-03-29T01:00:00Z'), seconds: 7200 },
    { from: at('2026-10-25T01:00:00Z'), seconds: 3600 },
  ])
  expect(zone('Asia/Kolkata').offsets(begin, end)).toEqual([{ from: begin, seconds: 19_800 }])
  expect(UTC.offsets(begin, end)).toEqual([{ from: begin, seconds: 0 }])
  // An instant at which the offset changes belongs to what follows.
  const change = at('2026-03-29T01:00:00Z')
  expect(zone('Europe/Berlin').offsets(change, change + 1)).toEqual([{ from: change, seconds: 7200 }])
  expect(zone('Europe/Berlin').offsets(change - 1, change)).toEqual([{ from: change - 1, seconds: 3600 }])
})

test('all of time has bounded many offsets', () => {
  const [begin, end] = [at('0001-01-01T00:00:00Z'), at('9999-12-31T23:59:59Z')]
  const offsets = zone('Europe/Berlin').offsets(begin, end)
  expect(offsets[0]).toEqual({ from: begin, seconds: 3600 })
  expect(offsets.at(-1)).toEqual({ from: at('2099-10-25T01:00:00Z'), seconds: 3600 })
  expect(offsets.length).toBeLessThan(300)
  expect(zone('Europe/Berlin').offsetAt(begin)).toBe(3600)
  expect(zone('Europe/Berlin').offsetAt(end)).toBe(3600)
})

test('offsets and calendars are those of Intl, in any zone at any time', () => {
  const range = { min: at('1970-01-02T00:00:00Z'), max: at('2099-12-30T00:00:00Z') }
  fc.assert(
    fc.property(fc.constantFrom(...ZONE_NAMES), fc.array(fc.integer(range), { minLength: 2 }), (name, instants) => {
      const own = zone(name)
      for (const instant of instants) {
        const local = localTime(instant, name)
        expect(own.offsetAt(instant)).toBe(local.utcOfWallClock - instant)
        expect(calendarOf(instant, own)).toEqual(local.calendar)
        expect(own.offsets(instant, instant + 1)).toEqual([{ from: instant, seconds: own.offsetAt(instant) }])
      }
    }),
  )
})
