import { eq, sql } from 'drizzle-orm'
import { pino } from 'pino'
import { Registry } from 'prom-client'
import { expect, test } from 'vitest'
import { toInstant } from '../domain/period.ts'
import { UTC } from '../domain/time-zone.ts'
import { Fault } from '../lib/fault.ts'
import { Batches } from '../state/batches.ts'
import { hiddenBatches, processors } from '../state/schema.ts'
import type { Clock } from './clock.ts'
import { processorEvents } from './events.ts'
import { Round, type RoundOptions, runForEver, runUntilDone } from './round.ts'
import { EACH, full, HOUR, METRICS, NAMES, stateWithBenches, T0, TESTER } from './testing/processor-bench.ts'

const { db, bench } = await stateWithBenches()

const OPTIONS: RoundOptions = {
  names: NAMES,
  discoverEverySeconds: 300,
  lookSeconds: 5,
  keepHours: undefined,
  zone: UTC,
  keepAuditDays: undefined,
}

/** A round over a bench, with a clock that moves only while the round sleeps, and what it logged. */
async function roundOf(b: Awaited<ReturnType<typeof bench>>, at: number, options: Partial<RoundOptions> = {}) {
  const log: Record<string, unknown>[] = []
  const registry = new Registry()
  const write = (line: string) => void log.push(JSON.parse(line) as Record<string, unknown>)
  let now = at
  let sleeps = 0
  const stopped = new AbortController()
  let onSleep: (sleeps: number) => void | Promise<void> = () => {}
  const clock: Clock = {
    now: () => now,
    async sleep(seconds) {
      now += seconds
      await onSleep(++sleeps)
    },
  }
  const events = processorEvents(pino({ level: 'info' }, { write }), registry)
  const parts = { ...b.roundParts, events, clock }
  const round = new Round(parts, { ...OPTIONS, ...options })
  return {
    round,
    parts,
    log,
    registry,
    signal: stopped.signal,
    /** Rounds for ever, but ended when `until` says so after a round. */
    forEver: (until: (rounds: number) => boolean | Promise<boolean>) => {
      onSleep = async (rounds) => {
        if (await until(rounds)) stopped.abort()
      }
      return runForEver(round, { signal: stopped.signal })
    },
    untilDone: (until: number) => runUntilDone(round, { until, signal: stopped.signal }),
  }
}

test('until done: everything that is due is rated, everything that is to be rated again is, and the processor is gone', async () => {
  await using b = await bench(['a', 'b'])
  const r = await roundOf(b, T0)
  const first = await r.untilDone(T0 + 10 * HOUR + 1)
  expect(first).toEqual({
    done: 18,
    due: 18,
    points: 18 * EACH,
    failed: [],
    left: 0,
    unpriced: [],
    withoutScopes: undefined,
    stumbles: [],
  })
  for (const hour of [0, 2, 4])
    await b.reprocesses.add(['a'], { begin: T0 + hour * HOUR, end: T0 + (hour + 1) * HOUR }, 'test', TESTER)
  await r.untilDone(T0 + 10 * HOUR + 1)
  expect((await b.reprocesses.list({ order: 'asc' })).map((task) => task.state)).toEqual(['done', 'done', 'done'])
  expect(await b.total()).toEqual(full(['a', 'b'], 9))
  expect(await db.$count(processors)).toBe(0)
})

test('until done: what failed before is tried at once, whatever its back-off', async () => {
  await using b = await bench(['a'], { retrySeconds: { min: 1e6, max: 1e6 } })
  const r = await roundOf(b, T0)
  b.source.onRequest = () => {
    throw new Fault('collect.rejected', 'bad_data')
  }
  expect(await r.untilDone(T0 + 3 * HOUR + 1)).toMatchObject({ done: 0, failed: [{ scopeId: 'a', error: 'bad_data' }] })
  b.source.onRequest = () => {}
  expect(await r.untilDone(T0 + 3 * HOUR + 1)).toMatchObject({ done: 2, failed: [] })

  await b.reprocesses.add(['a'], { begin: T0, end: T0 + HOUR }, 'test', TESTER)
  const [task] = await b.reprocesses.list({ order: 'asc' })
  await b.reprocesses.fail(task!.id, 'bad_data', 1e6)
  await r.untilDone(T0 + 3 * HOUR + 1)
  expect(await b.reprocesses.list({ order: 'asc' })).toMatchObject([{ state: 'done' }])
})

test('for ever: what failed waits for its back-off', async () => {
  await using b = await bench(['a'], { retrySeconds: { min: 1e6, max: 1e6 } })
  const r = await roundOf(b, T0 + 3 * HOUR + 1)
  b.source.onRequest = () => {
    throw new Fault('collect.rejected', 'bad_data')
  }
  await r.forEver((rounds) => rounds === 3)
  expect(b.source.requests.length).toBeLessThanOrEqual(3 * METRICS.length)
})

test('for ever: it asks for scopes when it is time to, rates as time goes on, and ends on the signal', async () => {
  await using b = await bench(['a'])
  let looks = 0
  b.setFetcher(() => {
    looks++
    return ['a']
  })
  // At 2:59:56, then every five seconds.
  const r = await roundOf(b, T0 + 3 * HOUR - 4)
  const rated: number[] = []
  await r.forEver(async (rounds) => {
    rated.push(Object.keys(await b.total()).length)
    return rounds === 121
  })
  expect(rated.slice(0, 3)).toEqual([1, 2, 2])
  // At 0, 300 and 600 seconds.
  expect(looks).toBe(3)
  expect(await db.$count(processors)).toBe(0)
})

test('a step that fails is told and counted, and keeps no other one from its work', async () => {
  await using b = await bench(['a'])
  await b.run(T0 + 3 * HOUR + 1)
  await b.reprocesses.add(['a'], { begin: T0, end: T0 + HOUR }, 'test', TESTER)
  const r = await roundOf(b, T0 + 3 * HOUR + 1)
  b.rechecker.run = async () => {
    throw new Fault('collect.invalid_answer', 'NaN')
  }
  const outcome = await r.untilDone(T0 + 3 * HOUR + 1)
  expect(outcome.stumbles.map(({ step, error }) => [step, (error as Error).message])).toEqual([['recheck', 'NaN']])
  expect(await b.reprocesses.list({ order: 'asc' })).toMatchObject([{ state: 'done' }])
  expect(r.log.filter((line) => line['level'] === 50)).toMatchObject([{ step: 'recheck' }])
  expect(await r.registry.metrics()).toContain('cloudtabby_round_failures_total{step="recheck"} 1')
})

test('while state does not answer, the other steps do not wait for it too', async () => {
  await using b = await bench(['a'])
  const r = await roundOf(b, T0 + 3 * HOUR + 1)
  b.processor.discover = async () => {
    throw new Fault('state.unavailable', 'silent')
  }
  const outcome = await r.round.run({ until: T0 + 3 * HOUR + 1, signal: r.signal })
  expect(outcome.stumbles).toMatchObject([{ step: 'discover' }])
  expect(b.source.requests).toEqual([])
})

test('of several processors one sweeps and one purges the audit, and none of them reads every scope each time it looks', async () => {
  await using b = await bench(['a', 'b'])
  const rounds = await Promise.all([1, 2, 3].map(() => roundOf(b, T0 + 3 * HOUR + 1, { keepAuditDays: 1 })))
  let sweeps = 0
  const sweepable = b.batches.sweepable.bind(b.batches)
  b.batches.sweepable = () => {
    sweeps++
    return sweepable()
  }
  let lists = 0
  const list = b.scopes.list.bind(b.scopes)
  b.scopes.list = (filter) => {
    lists++
    return list(filter)
  }
  await db.execute(sql`INSERT INTO audit (at, user_id, action, kind, target)
    VALUES (now() - interval '2 days', 'x', 'update', 'scope', 'a')`)
  for (const { round, signal } of rounds) await round.run({ until: T0 + 3 * HOUR + 1, signal })
  expect(await b.total()).toEqual(full(['a', 'b'], 2))
  expect([sweeps, lists]).toEqual([1, 0])
  const purged = await Promise.all(
    rounds.map(({ registry }) => registry.getSingleMetric('cloudtabby_audit_purged_total')!.get()),
  )
  expect(purged.map(({ values }) => values[0]!.value)).toEqual([1, 0, 0])
})

test('a hold keeps a round from sweeping, whoever says that it is its turn', async () => {
  await using b = await bench(['a'])
  const r = await roundOf(b, T0)
  const batch = await b.batches.begin('pushed')
  await b.batches.abandon(batch)
  await r.parts.maintenance.hold(['sweep', 'retention'], 3600)
  await r.untilDone(T0)
  expect((await b.batches.snapshot()).hidden).toEqual([batch])
  expect(await stateOf(batch)).toBe('abandoned')
  await r.parts.maintenance.release(['sweep', 'retention'])
  await r.untilDone(T0)
  expect(await stateOf(batch)).toBe('swept')
})

test('what is dropped is as old as the retention by every clock: the argument, the process and state', async () => {
  await using b = await bench(['a'])
  const now = toInstant(new Date())
  const seen: number[] = []
  b.store.dropBefore = async ({ points }) => {
    seen.push(points)
    return { points: 0, samples: 0 }
  }
  const fast = await roundOf(b, now + 1000 * HOUR, { keepHours: 48 })
  await fast.untilDone(now + 2000 * HOUR)
  await fast.parts.maintenance.release(['retention'])
  await fast.untilDone(T0)
  expect(seen[0]).toBeLessThanOrEqual(now - 48 * HOUR)
  expect(seen[1]).toBeLessThanOrEqual(T0 - 48 * HOUR)
})

async function stateOf(batch: number): Promise<unknown> {
  const [row] = await db.select().from(hiddenBatches).where(eq(hiddenBatches.id, batch))
  return row?.state
}

test('a processor that was stopped while it rates leaves nothing half done and names nothing as failed', async () => {
  await using b = await bench(['a'])
  const r = await roundOf(b, T0 + 3 * HOUR + 1)
  const stop = new AbortController()
  b.source.onRequest = () => stop.abort()
  const outcome = await runUntilDone(r.round, { until: T0 + 3 * HOUR + 1, signal: stop.signal })
  expect(outcome).toMatchObject({ done: 0, failed: [], stumbles: [] })
  expect(await b.total()).toEqual({})
  const other = new Batches(db, { owner: 'other', leaseSeconds: 60 })
  expect(
    await other.claim({
      ...NAMES,
      now: T0 + 3 * HOUR + 1,
      periodSeconds: HOUR,
      waitPeriods: 2,
      maxScopes: 1,
      maxPeriods: 1,
    }),
  ).toBeDefined()
})
