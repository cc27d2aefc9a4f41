import { sql } from 'drizzle-orm'
import { pino } from 'pino'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { add, formatDecimal, ONE } from '../domain/decimal.ts'
import type { Instant } from '../domain/period.ts'
import { Fault } from '../lib/fault.ts'
import type { Rater } from '../rating/rating-module.ts'
import { RatingPipeline } from '../rating/rating-pipeline.ts'
import { Batches } from '../state/batches.ts'
import type { State } from '../state/database.ts'
import { Modules } from '../state/modules.ts'
import { Reprocesses } from '../state/reprocesses.ts'
import { Scopes } from '../state/scopes.ts'
import { openTestState } from '../state/testing/open-test-state.ts'
import { openDuckDBStore } from '../storage/duckdb/open-duckdb-store.ts'
import type { PointStore } from '../storage/point-store.ts'
import { Processor } from './processor.ts'
import { Rechecker } from './rechecker.ts'
import { Reprocessor } from './reprocessor.ts'
import { sweep } from './sweep.ts'
import { MemorySource, memoryMetric, unreachable } from './testing/memory-source.ts'

const HOUR = 3600
const T0 = Date.UTC(2026, 5, 1) / 1000
const NAMES = { scopeKey: 'project_id', fetcher: 'memory', collector: 'memory' }
const METRICS = ['instance', 'volume'].map(memoryMetric)
const RESOURCES = 3
const TESTER = { who: 'tester' }

let state: State
beforeAll(async () => {
  state = await openTestState()
})
afterAll(() => state[Symbol.asyncDispose]())
beforeEach(async () => {
  await state.db.execute(sql`TRUNCATE scopes, scope_inactivity, hidden_batches, voids, modules_state,
    storage_scope_reprocessing_schedule RESTART IDENTITY CASCADE`)
  await state.db.execute(sql`UPDATE batch_counter SET value = 0`)
})

/** A whole processor over real stores; its one module adds a price that the test may change. */
async function bench(scopeIds: string[], { retrySeconds = { min: 60, max: 600 }, metrics = METRICS } = {}) {
  const store = await openDuckDBStore({ path: ':memory:' })
  const source = new MemorySource(RESOURCES)
  const batches = new Batches(state.db, { owner: 'test', leaseSeconds: 60 })
  const scopes = new Scopes(state.db)
  const modules = new Modules(state.db)
  const reprocesses = new Reprocesses(state.db)
  await modules.set('flat', { enabled: true }, TESTER)
  const rating = { price: ONE, rate: undefined as Rater['rate'] | undefined }
  const flat = {
    name: 'flat',
    description: 'a price for each point',
    configurable: false,
    load: async (): Promise<Rater> => ({
      rate:
        rating.rate ??
        ((frame) => ({ ...frame, points: frame.points.map((point) => ({ ...point, price: rating.price })) })),
    }),
  }
  const parts = {
    collector: source,
    pipeline: new RatingPipeline([flat], modules),
    store,
    scopes,
    batches,
    metrics: () => ({ metrics, skip: () => false }),
    log: pino({ level: 'silent' }),
  }
  const options = { names: NAMES, periodSeconds: HOUR, concurrency: 2, leaseSeconds: 60, retrySeconds }
  let known = () => scopeIds
  const fetcher = { scopes: async () => known(), [Symbol.asyncDispose]: async () => {} }
  const processor = new Processor(
    { ...parts, fetcher },
    { ...options, waitPeriods: 2, begin: T0, maxPoints: 10_000, maxScopes: 100, maxPeriods: 100 },
  )
  const reprocessor = new Reprocessor({ ...parts, reprocesses }, options)
  const rechecker = new Rechecker({ ...parts, reprocesses }, options)
  const { signal } = new AbortController()
  return {
    store,
    source,
    batches,
    scopes,
    reprocesses,
    rating,
    processor,
    setFetcher: (scopes: () => string[]) => void (known = scopes),
    async run(until: Instant) {
      await processor.discover(until, signal)
      return processor.run({ until, signal })
    },
    reprocess: () => reprocessor.run(signal),
    recheck: () => rechecker.run(signal),
    total: () => totals(store, batches),
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  }
}

/** Points and price by scope and period: `{ 'a 0': '6 points at 6' }`. */
async function totals(store: PointStore, batches: Batches): Promise<Record<string, string>> {
  const { points } = await store.retrieve(
    { begin: 0, end: T0 * 2, types: [], attributes: new Map(), offset: 0, limit: undefined },
    await batches.snapshot(),
  )
  const sums = new Map<string, { count: number; price: typeof ONE }>()
  for (const point of points) {
    const key = `${point.series.scopeId} ${(point.begin - T0) / HOUR}`
    const sum = sums.get(key)
    sums.set(key, { count: (sum?.count ?? 0) + 1, price: sum ? add(sum.price, point.price) : point.price })
  }
  return Object.fromEntries(
    [...sums].map(([key, { count, price }]) => [key, `${count} points at ${formatDecimal(price)}`]),
  )
}

const EACH = RESOURCES * METRICS.length
const full = (scopeIds: string[], periods: number, price = 1) =>
  Object.fromEntries(
    scopeIds.flatMap((scopeId) =>
      Array.from({ length: periods }, (_, i) => [`${scopeId} ${i}`, `${EACH} points at ${EACH * price}`]),
    ),
  )

test('a catch-up rates every period of every scope once, with few questions', async () => {
  await using b = await bench(['a', 'b', 'c'])
  const summary = await b.run(T0 + 50 * HOUR + 1)
  expect(summary).toEqual({ done: 147, due: 147, points: 147 * EACH, failed: [], held: 0 })
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
  b.rating.rate = (frame) => {
    if (frame.scopeId === 'bad') throw new Fault('rating.failed', 'memory is no number', { scopeId: 'bad' })
    return { ...frame, points: frame.points.map((point) => ({ ...point, price: ONE })) }
  }
  const summary = await b.run(T0 + 10 * HOUR + 1)
  expect(summary.failed).toEqual([{ scopeId: 'bad', error: 'memory is no number' }])
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
  await sweep(b.batches, b.store)
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

test('reprocessing swaps the prices of its window in one commit and touches nothing else', async () => {
  await using b = await bench(['a', 'b'])
  await b.run(T0 + 10 * HOUR + 1)
  b.rating.price = add(ONE, ONE)
  await b.reprocesses.add(['a'], { begin: T0 + 2 * HOUR, end: T0 + 5 * HOUR }, 'wrong price', TESTER)
  b.source.onRequest = async () => expect(await b.total()).toEqual(full(['a', 'b'], 9))
  expect(await b.reprocess()).toBe(1)
  const twice = full(['a'], 9, 2)
  expect(await b.total()).toEqual({
    ...full(['a', 'b'], 9),
    ...Object.fromEntries(['a 2', 'a 3', 'a 4'].map((key) => [key, twice[key]])),
  })
  expect((await b.reprocesses.list({ order: 'asc' }))[0]).toMatchObject({ current: T0 + 5 * HOUR })
  expect(await b.reprocess()).toBe(0)
  expect((await b.scopes.list())[0]).toMatchObject({ nextBegin: T0 + 9 * HOUR })
})

test('a reprocessing that fails leaves the old prices, says why, and is tried again', async () => {
  await using b = await bench(['a'], { retrySeconds: { min: 0, max: 0 } })
  await b.run(T0 + 10 * HOUR + 1)
  b.rating.price = add(ONE, ONE)
  await b.reprocesses.add(['a'], { begin: T0, end: T0 + 9 * HOUR }, 'wrong price', TESTER)
  b.source.onRequest = unreachable
  expect(await b.reprocess()).toBe(0)
  expect(await b.total()).toEqual(full(['a'], 9))
  expect((await b.reprocesses.list({ order: 'asc' }))[0]).toMatchObject({
    failures: 1,
    lastError: 'connection refused',
  })
  b.source.onRequest = () => {}
  expect(await b.reprocess()).toBe(1)
  expect(await b.total()).toEqual(full(['a'], 9, 2))
})

test('after a reset the old points are gone at once, and the sweep deletes them', async () => {
  await using b = await bench(['a'])
  await b.run(T0 + 10 * HOUR + 1)
  const [scope] = await b.scopes.list()
  await b.scopes.reset([scope!.id], T0 + 4 * HOUR, TESTER)
  expect(await b.total()).toEqual(full(['a'], 4))
  await b.run(T0 + 10 * HOUR + 1)
  expect(await b.total()).toEqual(full(['a'], 9))
  await state.db.execute(sql`UPDATE voids SET created_at = now() - interval '1 hour'`)
  await sweep(b.batches, b.store)
  expect((await b.batches.snapshot()).voids).toEqual([])
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
