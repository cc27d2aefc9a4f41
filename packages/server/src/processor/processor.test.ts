import { sql } from 'drizzle-orm'
import { expect, test, vi } from 'vitest'
import { add, decimal, ONE } from '../domain/decimal.ts'
import type { Instant } from '../domain/period.ts'
import { Fault } from '../lib/fault.ts'
import { readDiscovery } from '../state/discoveries.ts'
import { leaky } from '../storage/testing/leaky.ts'
import { unreachable } from './testing/memory-source.ts'
import { EACH, full, HOUR, METRICS, NAMES, stateWithBenches, T0, TESTER } from './testing/processor-bench.ts'

const { db, bench } = await stateWithBenches()

test('a catch-up rates every period of every scope once, with few questions', async () => {
  await using b = await bench(['a', 'b', 'c'])
  const summary = await b.run(T0 + 50 * HOUR + 1)
  expect(summary).toEqual({ done: 147, due: 147, points: 147 * EACH, failed: [], left: 0, unpriced: [] })
  expect(await b.total()).toEqual(full(['a', 'b', 'c'], 49))
  expect(b.source.requests.length).toBeLessThanOrEqual(METRICS.length * 4)
})

test('running again rates only what is new', async () => {
  await using b = await bench(['a'])
  await b.run(T0 + 5 * HOUR + 1)
  expect(await b.run(T0 + 5 * HOUR + 1)).toMatchObject({ done: 0, points: 0 })
  expect(await b.run(T0 + 7 * HOUR + 1)).toMatchObject({ done: 2 })
  expect(await b.total()).toEqual(full(['a'], 6))
})

test('an empty period advances the scope', async () => {
  await using b = await bench(['a'])
  b.source.collect = async () => []
  expect(await b.run(T0 + 5 * HOUR + 1)).toMatchObject({ done: 4, points: 0 })
  expect((await b.scopes.list())[0]).toMatchObject({ lastProcessed: T0 + 3 * HOUR })
})

test('a scope whose points cannot be rated backs off and says why; the others go on', async () => {
  await using b = await bench(['good', 'bad', 'fine'])
  b.rating.rate = (frames) =>
    frames.map((frame) => {
      if (frame.scopeId === 'bad') throw new Fault('rating.failed', 'memory is no number', {}, { scopeIds: ['bad'] })
      return { ...frame, points: frame.points.map((point) => ({ ...point, price: ONE })) }
    })
  const summary = await b.run(T0 + 10 * HOUR + 1)
  expect(summary.failed).toEqual([{ scopeId: 'bad', error: 'memory is no number' }])
  expect(await b.total()).toEqual(full(['good', 'fine'], 9))
})

test('of a batch, exactly the scopes that a fault names back off, and what has no place in the store is no fault of the store', async () => {
  await using b = await bench(['good', 'huge', 'bad', 'fine'])
  const write = b.store.write.bind(b.store)
  b.store.write = async (batch, points) => {
    const scopeIds = ['bad', 'huge'].filter((id) => points.some((point) => point.series.scopeId === id))
    if (scopeIds.length > 0) throw new Fault('storage.out_of_range', 'does not fit', {}, { scopeIds })
    await write(batch, points)
  }
  const { failed } = await b.run(T0 + 10 * HOUR + 1)
  expect(failed.map(({ scopeId }) => scopeId).toSorted()).toEqual(['bad', 'huge'])
  expect(await b.total()).toEqual(full(['good', 'fine'], 9))
})

test('a period is rated whole or not at all: one failing metric keeps it back', async () => {
  await using b = await bench(['a', 'b'], { retrySeconds: { min: 0, max: 0 } })
  b.source.onRequest = ({ metric, scopes }) => {
    if (metric.type === 'volume' && scopes.includes('b')) throw new Fault('collect.rejected', 'bad_data')
  }
  const broken = await b.run(T0 + 10 * HOUR + 1)
  expect(broken.failed).toEqual([{ scopeId: 'b', error: 'bad_data' }])
  expect(Object.keys(await b.total()).filter((key) => key.startsWith('b'))).toEqual([])
  b.source.onRequest = () => {}
  await b.run(T0 + 10 * HOUR + 1)
  expect(await b.total()).toEqual(full(['a', 'b'], 9))
})

test('a source that cannot be reached is asked a few times, not once per scope', async () => {
  await using b = await bench(Array.from({ length: 90 }, (_, i) => `scope-${i}`))
  b.source.onRequest = unreachable
  const { failed } = await b.run(T0 + 10 * HOUR + 1)
  expect(failed).toHaveLength(90)
  expect(b.source.requests.length).toBeLessThanOrEqual(METRICS.length * 2)
  expect(await b.total()).toEqual({})
})

test('a source that refuses big questions is asked smaller ones, until all is there', async () => {
  const ids = Array.from({ length: 20 }, (_, i) => `scope-${i}`)
  await using b = await bench(ids)
  b.source.onRequest = ({ scopes, periods }) => {
    if (scopes.length * periods.length > 30) throw new Fault('collect.timeout', 'too slow')
  }
  const summary = await b.run(T0 + 30 * HOUR + 1)
  expect(summary.failed).toEqual([])
  expect(await b.total()).toEqual(full(ids, 29))
})

test('what a failed write left is never seen, and swept', async () => {
  await using b = await bench(['a'], { retrySeconds: { min: 0, max: 0 } })
  const write = b.store.write.bind(b.store)
  b.store.write = async (batch, points) => {
    await write(batch, points.slice(0, 2))
    throw new Fault('storage.write_failed', 'the disk is full')
  }
  const { failed } = await b.run(T0 + 10 * HOUR + 1)
  expect(failed).toEqual([{ scopeId: 'a', error: 'the disk is full' }])
  expect(await b.total()).toEqual({})
  b.store.write = write
  await b.sweep()
  await b.run(T0 + 10 * HOUR + 1)
  expect(await b.total()).toEqual(full(['a'], 9))
})

test('a store that has lost a point without a word is found out before the period counts', async () => {
  await using b = await bench(['a'], { retrySeconds: { min: 0, max: 0 } })
  {
    using _ = leaky(b.store)
    const { failed } = await b.run(T0 + 10 * HOUR + 1)
    expect(failed).toEqual([{ scopeId: 'a', error: expect.stringMatching(/has \d+ points .*not the \d+ points/) }])
    expect(await b.total()).toEqual({})
  }
  await b.run(T0 + 10 * HOUR + 1)
  expect(await b.total()).toEqual(full(['a'], 9))
})

test('a missing rating module fails the batch and never stores it unrated', async () => {
  await using b = await bench(['a'], { retrySeconds: { min: 0, max: 0 } })
  b.rating.rate = () => {
    throw new Error('cannot load')
  }
  expect((await b.run(T0 + 10 * HOUR + 1)).failed).toEqual([{ scopeId: 'a', error: 'cannot load' }])
  expect(await b.total()).toEqual({})
})

test('after a reset the old points are gone at once, and the sweep deletes them', async () => {
  await using b = await bench(['a'])
  await b.run(T0 + 10 * HOUR + 1)
  const [scope] = await b.scopes.list()
  await b.scopes.reset([scope!.id], { at: T0 + 4 * HOUR, periodSeconds: HOUR }, TESTER)
  expect(await b.total()).toEqual(full(['a'], 4))
  await b.run(T0 + 10 * HOUR + 1)
  expect(await b.total()).toEqual(full(['a'], 9))
  await b.measure()
  await db.execute(sql`UPDATE tombstones SET created_at = now() - interval '1 hour'`)
  await b.sweep()
  expect((await b.batches.snapshot()).tombstones).toEqual([])
  expect(await b.total()).toEqual(full(['a'], 9))
})

test('a metric that settles late keeps the whole period waiting', async () => {
  const [instance, volume] = METRICS
  await using b = await bench(['a'], { metrics: [instance!, { ...volume!, settleSeconds: 2 * HOUR }] })
  expect(await b.run(T0 + 10 * HOUR + 1)).toMatchObject({ done: 7 })
  expect(await b.total()).toEqual(full(['a'], 7))
})

test('usage that came late is noticed by recheck, and only its periods are rated again', async () => {
  const [instance, volume] = METRICS
  await using b = await bench(['a', 'b'], { metrics: [instance!, { ...volume!, recheckPeriods: 4 }] })
  await b.run(T0 + 10 * HOUR + 1)
  expect(await b.recheck()).toBe(0)
  expect(await b.recheck()).toBe(0)

  const collect = b.source.collect.bind(b.source)
  b.source.collect = async (request) => {
    const points = await collect(request)
    const late = (begin: Instant) => request.metric.type === 'volume' && begin === T0 + 7 * HOUR
    return points.map((point) =>
      point.series.scopeId === 'b' && late(point.begin) ? { ...point, quantity: add(point.quantity, ONE) } : point,
    )
  }
  await b.run(T0 + 11 * HOUR + 1)
  expect(await b.recheck()).toBe(1)
  expect((await b.reprocesses.list({ order: 'asc' })).map(({ scopeId, period }) => [scopeId, period])).toEqual([
    ['b', { begin: T0 + 7 * HOUR, end: T0 + 8 * HOUR }],
  ])
  expect(await b.reprocess()).toBe(1)
  expect(await b.recheck()).toBe(0)
  expect(await b.total()).toEqual(full(['a', 'b'], 10))
})

test('while the fetcher fails, the scopes that it named last go on, and those that had gone stay gone', async () => {
  await using b = await bench(['a', 'gone'])
  await b.run(T0 + 3 * HOUR + 1)
  b.setFetcher(() => ['a'])
  await b.run(T0 + 5 * HOUR + 1)
  b.setFetcher(unreachable)
  await b.run(T0 + 20 * HOUR + 1)
  expect(await b.total()).toEqual({ ...full(['a'], 19), ...full(['gone'], 4) })
})

test('of several scopes with a value that cannot be kept each backs off with its own reason, and the others are rated at once', async () => {
  await using b = await bench(['good', 'huge', 'vast', 'fine'])
  const collect = b.source.collect.bind(b.source)
  b.source.collect = async (request) => {
    const points = await collect(request)
    const sizes: Record<string, string> = { huge: '1e30', vast: '2e30' }
    return points.map((point) => {
      const size = sizes[point.series.scopeId]
      return size === undefined || point.begin !== T0 + HOUR ? point : { ...point, quantity: decimal(size) }
    })
  }
  const { failed } = await b.run(T0 + 3 * HOUR + 1)
  expect(
    failed.map(({ scopeId, error }) => [
      scopeId,
      error.slice(0, error.indexOf(':', error.indexOf(' in the period from ') + 20)),
    ]),
  ).toEqual([
    [
      'huge',
      "the quantity 1000000000000000000000000000000 of instance of scope 'huge' in the period from 2026-06-01T01",
    ],
    [
      'vast',
      "the quantity 2000000000000000000000000000000 of instance of scope 'vast' in the period from 2026-06-01T01",
    ],
  ])
  expect(failed[0]!.error).toMatch(/does not fit DECIMAL\(38,18\): mend the usage at its source/)
  expect(await b.total()).toEqual({ ...full(['good', 'fine'], 2), ...full(['huge', 'vast'], 1) })
  // Once for one period, once for the next, once more without the two: each for all scopes.
  expect(b.source.requests.length).toBe(3 * METRICS.length)
})

test('scopes that stand in the way of several metrics, or of the rating, are known after one collection', async () => {
  await using b = await bench(['a', 'b', 'c', 'd'])
  b.source.onRequest = ({ metric, scopes }) => {
    const guilty = metric.type === 'volume' ? 'c' : 'b'
    if (scopes.includes(guilty))
      throw new Fault('collect.invalid_answer', `NaN in ${guilty}`, {}, { scopeIds: [guilty] })
  }
  const { failed } = await b.run(T0 + 2 * HOUR + 1)
  expect(failed).toEqual([
    { scopeId: 'b', error: 'NaN in b' },
    { scopeId: 'c', error: 'NaN in c' },
  ])
  expect(b.source.requests.length).toBe(2 * METRICS.length)
  expect(await b.total()).toEqual(full(['a', 'd'], 1))
})

test('recheck reads the scopes only when one was rated further, reset, came or went', async () => {
  const [instance, volume] = METRICS
  await using b = await bench(['a', 'b'], { metrics: [instance!, { ...volume!, recheckPeriods: 4 }] })
  const list = vi.spyOn(b.scopes, 'list')
  const looks = async () => {
    list.mockClear()
    for (let i = 0; i < 3; i++) await b.recheck()
    return list.mock.calls.length
  }
  expect(await looks()).toBe(1)
  await b.run(T0 + 10 * HOUR + 1)
  expect(await looks()).toBe(1)
  expect(await looks()).toBe(0)
  await b.run(T0 + 11 * HOUR + 1)
  expect(await looks()).toBe(1)
  const [row] = await b.scopes.list({ scopeIds: ['a'] })
  await b.scopes.patch(row!.id, { active: false }, T0 + 11 * HOUR, TESTER)
  expect(await looks()).toBe(1)
  expect(await looks()).toBe(0)
})

test('one scope that cannot be rechecked keeps no other from it', async () => {
  const [instance, volume] = METRICS
  await using b = await bench(['a', 'b', 'c'], { metrics: [instance!, { ...volume!, recheckPeriods: 4 }] })
  await b.run(T0 + 5 * HOUR + 1)
  const collect = b.source.collect.bind(b.source)
  b.source.collect = async (request) => {
    if (request.scopes.includes('a')) throw new Fault('collect.invalid_answer', 'NaN', {}, { scopeIds: ['a'] })
    return (await collect(request)).filter((point) => point.series.scopeId !== 'c')
  }
  expect(await b.recheck()).toBe(1)
  expect(await b.reprocesses.list({ order: 'asc' })).toMatchObject([{ scopeId: 'c' }])
})

test('a fetcher that names no scope at all is told with what it asked and what to do, and so is one that fails', async () => {
  await using b = await bench(['a'])
  const { signal } = new AbortController()
  expect(await b.processor.discover(T0, signal)).toBeUndefined()
  b.setFetcher(() => [])
  expect(await b.processor.discover(T0 + HOUR, signal)).toBe(
    'the fetcher memory named no scope, so nothing can be rated; it asked for the list of the test: give it one',
  )
  b.setFetcher(unreachable)
  expect(await b.processor.discover(T0 + HOUR, signal)).toBe('connection refused')
  expect(await readDiscovery(db, NAMES)).toMatchObject({ scopes: 1, error: 'connection refused' })
})
