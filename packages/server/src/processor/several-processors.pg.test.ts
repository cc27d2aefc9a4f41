import { setTimeout as sleep } from 'node:timers/promises'
import { isNotNull, sql } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { CollectRequest } from '../collectors/collector.ts'
import { add, ONE } from '../domain/decimal.ts'
import { HASHMAP, openTestApi } from '../api/testing/open-test-api.ts'
import type { Instant } from '../domain/period.ts'
import { faultIn } from '../lib/fault.ts'
import { hashmapModule } from '../rating/hashmap/hashmap-module.ts'
import { Batches } from '../state/batches.ts'
import type { State } from '../state/database.ts'
import { scopes } from '../state/schema.ts'
import { Scopes } from '../state/scopes.ts'
import { hasPostgres, openTestPools } from '../state/testing/open-test-postgres.ts'
import { openTestStore } from '../storage/testing/open-test-store.ts'
import {
  type BenchOptions,
  EACH,
  emptyState,
  full,
  HOUR,
  METRICS,
  NAMES,
  processorBench,
  T0,
} from './testing/processor-bench.ts'

const IDS = Array.from({ length: 24 }, (_, i) => `scope-${i}`)
const CLAIM = { ...NAMES, now: T0 + 3 * HOUR + 1, periodSeconds: HOUR, waitPeriods: 2, maxScopes: 7, maxPeriods: 9 }

/** Each processor has connections of its own, as a process has; the points store is one. */
describe.skipIf(!(await hasPostgres()))('several processors on one PostgreSQL', () => {
  let opened: Awaited<ReturnType<typeof openTestPools>>
  let pools: readonly State[]
  beforeAll(async () => {
    opened = await openTestPools(3)
    pools = opened.pools
  })
  afterAll(() => opened[Symbol.asyncDispose]())
  beforeEach(() => emptyState(pools[0]!.db))

  async function two(scopeIds: readonly string[], options?: BenchOptions) {
    const store = await openTestStore()
    const [a, b] = await Promise.all(
      [0, 1].map((i) => processorBench(pools[i]!.db, scopeIds, { ...options, store, owner: `processor-${i}` })),
    )
    return { a: a!, b: b!, store, [Symbol.asyncDispose]: () => store[Symbol.asyncDispose]() }
  }
  type Bench = Awaited<ReturnType<typeof two>>['a']

  /** As the service does: what fails is tried again, and it looks again while others hold something. */
  async function serve({ processor }: Bench, until: Instant): Promise<number> {
    let done = 0
    for (const deadline = Date.now() + 60_000; Date.now() < deadline; await sleep(5)) {
      const { signal } = new AbortController()
      try {
        await processor.discover(until, signal)
        const summary = await processor.run({ until, signal })
        done += summary.done
        if (summary.left === 0) return done
      } catch (error) {
        if (faultIn(error)?.code !== 'state.unavailable') throw error
      }
    }
    throw new Error('not done in time')
  }

  test('the work is shared, and every period of every scope is there once', async () => {
    await using both = await two(IDS)
    const { a, b } = both
    // After the first batch, when each knows of the other, each goes on once the other has something to do as well.
    let begun = () => {}
    const other = new Promise<void>((resolve) => (begun = resolve))
    a.source.onRequest = async ({ periods }) => (periods[0]!.begin > T0 ? other : undefined)
    b.source.onRequest = () => begun()
    const shares = await Promise.all([serve(a, T0 + 30 * HOUR + 1), serve(b, T0 + 30 * HOUR + 1)])
    const total = IDS.length * 29
    expect(shares[0]! + shares[1]!).toBe(total)
    // Who is quicker takes half of what is left, again and again.
    expect(Math.min(...shares)).toBeGreaterThanOrEqual(total / 6)
    expect(await a.total()).toEqual(full(IDS, 29))
    expect(await a.stored()).toBe(total * EACH)
  })

  test('several that take a dead one’s scopes over at the same time do not stand in each other’s way', async () => {
    const ids = Array.from({ length: 60 }, (_, i) => `scope-${i}`)
    await new Scopes(pools[0]!.db).see(ids, NAMES, CLAIM.now, T0)
    const dead = new Batches(pools[0]!.db, { owner: 'dead', leaseSeconds: 60 })
    const lost = (await dead.claim({ ...CLAIM, maxScopes: 100 }))!
    expect(lost.scopes).toHaveLength(60)
    await pools[0]!.db.execute(sql`UPDATE scopes SET lease_until = now() - interval '1 second'`)
    const taken = await Promise.all(
      Array.from({ length: 6 }, async (_, i) => {
        const batches = new Batches(pools[i % 3]!.db, { owner: `${i}`, leaseSeconds: 60 })
        const own: string[] = []
        for (;;) {
          const claim = await batches.claim(CLAIM)
          if (!claim) return own
          own.push(...claim.scopes.map((scope) => scope.scopeId))
          await batches.commit(claim.batch, { claim })
        }
      }),
    )
    expect(taken.flat().toSorted()).toEqual(ids.toSorted())
    expect((await dead.snapshot()).hidden).toEqual([lost.batch])
  })

  test('a dead processor’s scopes are taken over when its lease is over, and not before', async () => {
    await using both = await two(['a'], { leaseSeconds: 1 })
    const { a, b } = both
    await a.processor.discover(CLAIM.now, new AbortController().signal)
    await a.batches.claim(CLAIM)
    const [held] = await pools[2]!.db.select({ until: scopes.leaseUntil }).from(scopes)
    expect(await serve(b, CLAIM.now)).toBe(2)
    const [taken] = await pools[2]!.db.select({ at: scopes.claimedAt }).from(scopes)
    expect(taken!.at!.getTime()).toBeGreaterThan(held!.until!.getTime())
    expect(await b.total()).toEqual(full(['a'], 2))
  })

  test('a lease that ends while a run is about to say how it went does not make the run complete', async () => {
    await using both = await two(['a', 'b'])
    const { a, b } = both
    await a.processor.discover(CLAIM.now, new AbortController().signal)
    await a.batches.claim(CLAIM)
    const claim = b.batches.claim.bind(b.batches)
    b.batches.claim = async (request) => {
      const claimed = await claim(request)
      await pools[2]!.db.execute(sql`UPDATE scopes SET lease_until = now() - interval '1 second'`)
      return claimed
    }
    expect(await b.run(CLAIM.now)).toMatchObject({ done: 0, left: 2 })
  })

  test('one that was paused past its lease wakes up and does no harm: nothing of it is seen, and it is swept', async () => {
    await using both = await two(['a', 'b'])
    const { a, b } = both
    const until = T0 + 6 * HOUR + 1
    let wake = () => {}
    const paused = new Promise<void>((resolve) => (wake = resolve))
    let asleep = () => {}
    const sleeps = new Promise<void>((resolve) => (asleep = resolve))
    a.source.onRequest = () => {
      asleep()
      return paused
    }
    const late = a.run(until)
    await sleeps
    await pools[2]!.db.execute(sql`UPDATE scopes SET lease_until = now() - interval '1 second'`)
    expect(await serve(b, until)).toBe(10)
    // Its batch is swept once before it writes.
    await b.sweep()
    wake()
    expect(await late).toMatchObject({ done: 0, failed: [] })
    expect(await a.total()).toEqual(full(['a', 'b'], 5))
    expect(await b.stored()).toBeGreaterThan(10 * EACH)
    await pools[2]!.db.execute(sql`UPDATE hidden_batches SET abandoned_at = now() - interval '8 days'`)
    await b.sweep()
    expect(await b.stored()).toBe(10 * EACH)
  })

  test('connections that break while they work cost nothing but another try', async () => {
    await using both = await two(IDS, { retrySeconds: { min: 0, max: 0 }, leaseSeconds: 2, maxPeriods: 2 })
    const { a, b } = both
    let breaks = 4
    for (const { source } of [a, b]) {
      source.onRequest = async () => {
        if (breaks-- <= 0) return
        await pools[2]!.db.execute(sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
          WHERE datname = current_database() AND pid <> pg_backend_pid()`)
      }
    }
    await Promise.all([serve(a, T0 + 10 * HOUR + 1), serve(b, T0 + 10 * HOUR + 1)])
    expect(breaks).toBeLessThanOrEqual(0)
    expect(await a.total()).toEqual(full(IDS, 9))
  })

  test('tasks are shared too, each is done once, and one that is cancelled through the API stops wherever it runs', async () => {
    const ids = IDS.slice(0, 8)
    await using both = await two(ids)
    const { a, b } = both
    await serve(a, T0 + 10 * HOUR + 1)
    const keepOpen: State = { db: pools[2]!.db, [Symbol.asyncDispose]: async () => {} }
    await using api = await openTestApi({ state: keepOpen })
    a.rating.price = b.rating.price = add(ONE, ONE)
    const body = {
      scope_ids: ids,
      reason: 'x',
      start_reprocess_time: '2026-06-01',
      end_reprocess_time: '2026-06-01T08:00',
    }
    await api.get(202, 'POST', '/v2/task/reprocesses', { body })

    // Cancelled while it is being worked on, by whichever of the two.
    const [unlucky] = ids
    const cancel = async ({ scopes: [scopeId], periods }: CollectRequest) => {
      if (scopeId !== unlucky || periods[0]!.begin === T0) return
      await api.call('DELETE', `/v2/task/reprocesses/${unlucky}`)
    }
    a.source.onRequest = b.source.onRequest = cancel
    const done = await Promise.all([a.reprocess(), b.reprocess()])
    expect(done[0]! + done[1]!).toBe(ids.length - 1)
    const { results } = await api.get<{ results: { scope_id: string; state: string }[] }>(
      200,
      'GET',
      '/v2/task/reprocesses',
    )
    expect(results.filter((task) => task.state !== 'done').map((task) => [task.scope_id, task.state])).toEqual([
      [unlucky, 'cancelled'],
    ])
    expect(await a.total()).toEqual({ ...full(ids, 9), ...full(ids.slice(1), 8, 2) })
    await a.sweep()
    expect(await pools[0]!.db.$count(scopes, isNotNull(scopes.leaseBatch))).toBe(0)
  })

  test('a change of rules or modules through any API process holds for the next batch of every processor', async () => {
    await pools[0]!.db.execute(sql`DELETE FROM modules_state`)
    const modules = [0, 1].map((i) => [hashmapModule(pools[i]!.db)])
    await using store = await openTestStore()
    const [a, b] = await Promise.all(
      [0, 1].map((i) => processorBench(pools[i]!.db, ['a'], { store, owner: `${i}`, modules: modules[i]! })),
    )
    const keepOpen = (state: State): State => ({ db: state.db, [Symbol.asyncDispose]: async () => {} })
    await using api = await openTestApi({ state: keepOpen(pools[2]!) })
    await using beside = await openTestApi({ state: keepOpen(pools[0]!) })
    api.now = beside.now = T0 - HOUR

    const { service_id } = await api.get(201, 'POST', `${HASHMAP}/services`, { body: { name: METRICS[0]!.type } })
    await beside.get(204, 'PUT', '/v2/rating/modules/hashmap', { body: { enabled: true } })
    const charge = (cost: string) =>
      beside.get(201, 'POST', `${HASHMAP}/mappings`, { body: { service_id, cost, type: 'flat' } })

    // One hour each, in turn.
    let hours = 1
    const next = (bench: Bench) => bench.run(T0 + ++hours * HOUR + 1)
    const { mapping_id } = await charge('1')
    await next(a!)
    await next(b!)
    await api.call('DELETE', `${HASHMAP}/mappings/${String(mapping_id)}`)
    await charge('2')
    await next(b!)
    await next(a!)
    await beside.get(204, 'PUT', '/v2/rating/modules/hashmap', { body: { enabled: false } })
    await next(a!)
    await next(b!)
    // Three instances, whose quantities are 1, 2 and 3 and grow by one each hour.
    const costs = [1, 1, 2, 2, 0, 0]
    expect(await a!.total()).toEqual(
      Object.fromEntries(costs.map((cost, hour) => [`a ${hour}`, `${EACH} points at ${cost * (6 + 3 * hour)}`])),
    )
  })
})
