import { expect, test } from 'vitest'
import { pino } from 'pino'
import { Registry } from 'prom-client'
import { decimal } from '../domain/decimal.ts'
import type { Instant } from '../domain/period.ts'
import { keptFrom } from '../domain/retention.ts'
import { TimeZone, UTC } from '../domain/time-zone.ts'
import { Fault } from '../lib/fault.ts'
import { Maintenance } from '../state/maintenance.ts'
import { processorEvents } from './events.ts'
import { dropPast } from './retention.ts'
import { EACH, full, HOUR, stateWithBenches, T0, TESTER } from './testing/processor-bench.ts'

const { db, bench } = await stateWithBenches()

const DAY = 24 * HOUR
const { signal } = new AbortController()

/** A processor, and what keeps its points for two days. */
async function keepingTwoDays(scopeIds: readonly string[]) {
  const b = await bench(scopeIds, { retrySeconds: { min: 1e6, max: 1e6 } })
  const log: Record<string, unknown>[] = []
  const write = (line: string) => void log.push(JSON.parse(line) as Record<string, unknown>)
  const parts = {
    db,
    maintenance: new Maintenance(db),
    store: b.store,
    events: processorEvents(pino({}, { write }), new Registry()),
  }
  return {
    ...b,
    log,
    parts,
    /** As after an hour. */
    forget: async (now: Instant) => {
      await parts.maintenance.release(['retention'])
      return dropPast(parts, { now, hours: 48, zone: UTC })
    },
    periods: async () => Object.keys(await b.total()).length,
  }
}

test('the bound is the begin of a day, and never later than the hours say', () => {
  expect(keptFrom(T0 + 60 * HOUR, undefined, UTC)).toBeUndefined()
  expect(keptFrom(T0 + 72 * HOUR, 48, UTC)).toBe(T0 + DAY)
  expect(keptFrom(T0 + 72 * HOUR + 1, 48, UTC)).toBe(T0 + DAY)
  expect(keptFrom(T0 + 72 * HOUR - 1, 48, UTC)).toBe(T0)
})

test('days are those that reports have, across daylight saving', () => {
  const berlin = TimeZone.named('Europe/Berlin')!
  const at = (iso: string) => Date.parse(iso) / 1000
  expect(keptFrom(at('2026-03-31T12:00:00Z'), 48, berlin)).toBe(at('2026-03-29T00:00:00+01:00'))
  expect(keptFrom(at('2026-04-01T12:00:00Z'), 48, berlin)).toBe(at('2026-03-30T00:00:00+02:00'))
  expect(keptFrom(at('2026-04-01T21:59:59Z'), 48, berlin)).toBe(at('2026-03-30T00:00:00+02:00'))
  expect(keptFrom(at('2026-04-01T22:00:00Z'), 48, berlin)).toBe(at('2026-03-31T00:00:00+02:00'))
})

test('points older than the retention go, day by day; those within it stay', async () => {
  await using b = await keepingTwoDays(['a', 'b'])
  await b.run(T0 + 4 * DAY)
  const rated = full(['a', 'b'], 4 * 24 - 2)
  expect(await dropPast(b.parts, { now: T0 + 4 * DAY, hours: undefined, zone: UTC })).toBeUndefined()
  expect(await b.total()).toEqual(rated)
  expect(await b.forget(T0 + 3 * DAY - 1)).toEqual({ points: 0, samples: 0 })
  expect(await b.forget(T0 + 3 * DAY)).toEqual({ points: 2 * 24 * EACH, samples: 0 })
  expect(await b.forget(T0 + 3 * DAY)).toEqual({ points: 0, samples: 0 })
  const kept = Object.entries(rated).filter(([key]) => Number(key.split(' ')[1]) >= 24)
  expect(await b.total()).toEqual(Object.fromEntries(kept))
  expect(b.log).toEqual([expect.objectContaining({ points: 2 * 24 * EACH, before: '2026-06-02T00:00:00+00:00' })])
})

test('one of several processors does it, once an hour', async () => {
  await using b = await keepingTwoDays(['a'])
  await b.run(T0 + 4 * DAY)
  const all = Array.from({ length: 4 }, () => dropPast(b.parts, { now: T0 + 4 * DAY, hours: 48, zone: UTC }))
  expect((await Promise.all(all)).filter((dropped) => dropped !== undefined)).toHaveLength(1)
})

test('samples stay until the last scope has been rated with them, and a day longer than points', async () => {
  await using b = await keepingTwoDays(['a', 'late'])
  b.source.onRequest = ({ scopes }) => {
    if (scopes.includes('late')) throw new Fault('collect.rejected', 'no such thing', {}, { scopeIds: ['late'] })
  }
  await b.run(T0 + 5 * DAY)
  const at = [0, 1, 2, 3].map((day) => T0 + day * DAY)
  const batch = await b.batches.begin('pushed')
  await b.store.writeSamples(
    batch,
    at.map((each) => ({ name: 'cpu', at: each, value: decimal('1'), labels: { project_id: 'late' } })),
  )
  await b.batches.commit(batch)
  expect(await b.forget(T0 + 5 * DAY)).toMatchObject({ samples: 0 })
  expect(b.log[0]).toMatchObject({ scopeId: 'late', ratedUpTo: '2026-06-01T00:00:00+00:00' })

  b.setFetcher(() => ['a'])
  const [late] = await b.scopes.list({ scopeIds: ['late'] })
  await b.scopes.patch(late!.id, { active: false }, T0 + 5 * DAY, TESTER)
  expect(await b.forget(T0 + 5 * DAY)).toMatchObject({ samples: 2 })
  expect(await b.store.firstSampleAt(await b.batches.snapshot(), signal)).toBe(T0 + 2 * DAY)
})

test('what is to be rated again stays until that is done', async () => {
  await using b = await keepingTwoDays(['a'])
  await b.run(T0 + 5 * DAY)
  const rated = await b.periods()
  await b.reprocesses.add(['a'], { begin: T0 + 6 * HOUR, end: T0 + 12 * HOUR }, 'why', TESTER)
  expect(await b.forget(T0 + 5 * DAY)).toEqual({ points: 6 * EACH, samples: 0 })
  expect(b.log[0]).toMatchObject({ begin: '2026-06-01T06:00:00+00:00' })
  expect(await b.reprocess()).toBe(1)
  await b.forget(T0 + 5 * DAY)
  expect(await b.periods()).toBe(rated - 3 * 24)
})
