import { expect, test } from 'vitest'
import type { Begin } from '../domain/first-period.ts'
import { TimeZone } from '../domain/time-zone.ts'
import { HOUR, stateWithBenches, T0 } from './testing/processor-bench.ts'

const { bench } = await stateWithBenches()

test.each<[Begin, string, number, string]>([
  ['month-start', 'UTC', HOUR, '2026-06-01T00:00:00Z'],
  ['month-start', 'Asia/Kolkata', HOUR, '2026-05-31T18:30:00Z'],
  // It is July there already.
  ['month-start', 'Pacific/Kiritimati', HOUR, '2026-06-30T10:00:00Z'],
  ['first-sample', 'UTC', HOUR, '2026-02-10T11:00:00Z'],
  ['first-sample', 'Asia/Kolkata', HOUR, '2026-02-10T11:30:00Z'],
  ['first-sample', 'Asia/Kolkata', 24 * HOUR, '2026-02-09T18:30:00Z'],
  // Weeks are counted from the month's begin.
  ['first-sample', 'UTC', 168 * HOUR, '2026-02-08T00:00:00Z'],
  [T0 + 10, 'Asia/Kolkata', HOUR, '2026-06-01T00:00:10Z'],
])('with begin %s in %s and periods of %i s a new scope begins at %s', async (begin, name, periodSeconds, wanted) => {
  await using b = await bench(['a'], { begin, zone: TimeZone.named(name)!, periodSeconds })
  b.source.firstSampleAt = async () => Date.parse('2026-02-10T11:45:00Z') / 1000
  await b.processor.discover(Date.parse('2026-06-30T11:00:00Z') / 1000, new AbortController().signal)
  expect((await b.scopes.list())[0]).toMatchObject({ nextBegin: Date.parse(wanted) / 1000 })
})
