import { sql } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { add, ONE } from '../domain/decimal.ts'
import { startReprocess } from '../state/reprocesses.ts'
import { leaky } from '../storage/testing/leaky.ts'
import { unreachable } from './testing/memory-source.ts'
import {
  type BenchOptions,
  EACH,
  full,
  HOUR,
  shownDiff,
  stateWithBenches,
  T0,
  TESTER,
} from './testing/processor-bench.ts'

const { db, bench } = await stateWithBenches()
const TWO = add(ONE, ONE)

test('reprocessing swaps the prices of its window in one commit and touches nothing else', async () => {
  await using b = await bench(['a', 'b'])
  await b.run(T0 + 10 * HOUR + 1)
  b.rating.price = TWO
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
  b.rating.price = TWO
  await b.reprocesses.add(['a'], { begin: T0, end: T0 + 9 * HOUR }, 'wrong price', TESTER)
  b.source.onRequest = unreachable
  expect(await b.reprocess()).toBe(0)
  expect(await b.total()).toEqual(full(['a'], 9))
  expect((await b.reprocesses.list({ order: 'asc' }))[0]).toMatchObject({
    state: 'retrying',
    failure: { error: 'connection refused', count: 1 },
  })
  b.source.onRequest = () => {}
  expect(await b.reprocess()).toBe(1)
  expect(await b.total()).toEqual(full(['a'], 9, 2))
})

test('points that the store has lost without a word never take the place of the old ones', async () => {
  await using b = await withTask({ retrySeconds: { min: 0, max: 0 } })
  {
    using _ = leaky(b.store)
    expect(await b.reprocess()).toBe(0)
    expect(await b.total()).toEqual(full(['a'], 9))
    expect(await b.task()).toMatchObject({ state: 'retrying' })
  }
  expect(await b.reprocess()).toBe(1)
  expect(await b.total()).toEqual(full(['a'], 9, 2))
})

/** A scope rated for nine hours, prices that have doubled since, and a task over all of it. */
async function withTask(options?: BenchOptions) {
  const b = await bench(['a'], options)
  await b.run(T0 + 10 * HOUR + 1)
  b.rating.price = TWO
  await b.reprocesses.add(['a'], { begin: T0, end: T0 + 9 * HOUR }, 'wrong price', TESTER)
  const task = async () => (await b.reprocesses.list({ order: 'asc' }))[0]!
  return Object.assign(b, { task })
}

test('a task tells how far it is, and keeps what it changed: sums before and after, by type', async () => {
  await using b = await withTask({ maxPoints: 12 })
  expect(await b.task()).toMatchObject({ state: 'pending', current: undefined, diff: undefined })
  const seen: unknown[] = []
  b.source.onRequest = async ({ metric }) => {
    if (metric.type !== 'instance') return
    const { state, current } = await b.task()
    seen.push([state, current === undefined ? undefined : (current - T0) / HOUR])
  }
  expect(await b.reprocess()).toBe(1)
  // One period first, then as many as make twelve points.
  expect(seen).toEqual([undefined, 0, 2, 4, 6].map((current) => ['running', current]))
  const { diff, ...task } = await b.task()
  expect(task).toMatchObject({ state: 'done', current: T0 + 9 * HOUR })
  expect(shownDiff(diff)).toEqual(['instance 162 at 27 → 162 at 54', 'volume 162 at 27 → 162 at 54'])
})

test('a type that is there only before or only after is in the diff too', async () => {
  await using b = await withTask()
  const collect = b.source.collect.bind(b.source)
  b.source.collect = async (request) => (request.metric.type === 'volume' ? [] : collect(request))
  await b.reprocess()
  expect(shownDiff((await b.task()).diff)).toEqual(['instance 162 at 27 → 162 at 54', 'volume 162 at 27 → 0 at 0'])
})

test('a cancelled task stops within one batch, frees its scope, and leaves nothing that is ever seen', async () => {
  await using b = await withTask({ maxPoints: 12 })
  const before = b.source.requests.length
  b.source.onRequest = async () => {
    if ((await b.task()).current === T0) await b.reprocesses.cancel({ scopeIds: ['a'], ids: [] }, TESTER)
  }
  expect(await b.reprocess()).toBe(0)
  // One period, and what was being asked when it was cancelled.
  expect(new Set(b.source.requests.slice(before).map(({ periods }) => (periods[0]!.begin - T0) / HOUR))).toEqual(
    new Set([0, 1]),
  )
  expect(await b.total()).toEqual(full(['a'], 9))
  expect(await b.task()).toMatchObject({ state: 'cancelled', current: undefined, diff: undefined })
  expect(await b.reprocesses.cancel({ scopeIds: ['a'], ids: [] }, TESTER)).toEqual([])
  expect(await b.reprocess()).toBe(0)

  await b.sweep()
  expect(await b.stored()).toBe(9 * EACH)
  b.source.onRequest = () => {}
  await b.run(T0 + 11 * HOUR + 1)
  expect(Object.keys(await b.total())).toHaveLength(10)
})

test('a task that would cut periods in two changes nothing and says what to do', async () => {
  await using b = await bench(['a'])
  await b.run(T0 + 10 * HOUR + 1)
  await b.reprocesses.add(['a'], { begin: T0 + HOUR, end: T0 + 2.5 * HOUR }, 'from before', TESTER)
  b.rating.price = TWO
  expect(await b.reprocess()).toBe(0)
  expect((await b.reprocesses.list({ order: 'asc' }))[0]!.failure?.error).toMatch(
    /periods of 3600 seconds, of which one begins at 2026-06-01T09:00:00\+00:00, in two: cancel it and ask for it anew/,
  )
  expect(await b.total()).toEqual(full(['a'], 9))
})

test('a task that is cancelled at the last moment does not count', async () => {
  await using b = await withTask()
  const commit = b.batches.commit.bind(b.batches)
  b.batches.commit = async (...args) => {
    await b.reprocesses.cancel({ scopeIds: [], ids: [(await b.task()).id] }, TESTER)
    await commit(...args)
  }
  expect(await b.reprocess()).toBe(0)
  expect(await b.task()).toMatchObject({ state: 'cancelled' })
  expect(await b.total()).toEqual(full(['a'], 9))
})

test('a task that reaches into what a reset has taken back waits until that is rated again', async () => {
  await using b = await withTask()
  const [scope] = await b.scopes.list()
  await b.scopes.reset([scope!.id], { at: T0 + 4 * HOUR, periodSeconds: HOUR }, TESTER)
  expect(await b.reprocess()).toBe(0)
  expect(await b.task()).toMatchObject({ state: 'pending' })
  expect(await b.total()).toEqual(full(['a'], 4))
  await b.run(T0 + 10 * HOUR + 1)
  expect(await b.reprocess()).toBe(1)
  expect(await b.total()).toEqual(full(['a'], 9, 2))
})

test('a task whose worker died shows as waiting once its lease is over, and is done by another', async () => {
  await using b = await withTask()
  const [scope] = await b.scopes.list()
  const { id } = await b.task()
  const dead = await b.batches.lease(scope!.id, 'reprocessed', (tx, batch) => startReprocess(tx, id, batch))
  await b.reprocesses.setCurrent(id, dead!, T0 + 3 * HOUR)
  expect(await b.task()).toMatchObject({ state: 'running', current: T0 + 3 * HOUR })
  expect(await b.reprocess()).toBe(0)
  await db.execute(sql`UPDATE scopes SET lease_until = now() - interval '1 second'`)
  await db.execute(sql`UPDATE hidden_batches SET lease_until = now() - interval '1 second'`)
  expect(await b.task()).toMatchObject({ state: 'pending', current: undefined })
  expect(await b.reprocess()).toBe(1)
  expect(await b.reprocesses.setCurrent(id, dead!, T0 + 4 * HOUR)).toBe(false)
  expect(await b.task()).toMatchObject({ state: 'done' })
  expect(await b.total()).toEqual(full(['a'], 9, 2))
})

test('of two processors that have seen the same task, one does it', async () => {
  await using b = await withTask()
  await using other = await bench(['a'], { store: b.store, owner: 'other' })
  const due = other.reprocesses.due.bind(other.reprocesses)
  other.reprocesses.due = async (limit) => {
    const tasks = await due(limit)
    await b.reprocess()
    return tasks
  }
  expect(await other.reprocess()).toBe(0)
  expect(other.source.requests).toEqual([])
  expect(shownDiff((await b.task()).diff)).toEqual(['instance 162 at 27 → 162 at 54', 'volume 162 at 27 → 162 at 54'])
})
