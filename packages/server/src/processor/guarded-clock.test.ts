import { sql } from 'drizzle-orm'
import { pino } from 'pino'
import { Registry } from 'prom-client'
import { expect, test } from 'vitest'
import { UTC } from '../domain/time-zone.ts'
import { readClockAhead } from '../state/clocks.ts'
import { maintenance, processors, scopes } from '../state/schema.ts'
import { readScopesAhead } from '../state/scopes-ahead.ts'
import { processorEvents } from './events.ts'
import { GuardedClock } from './guarded-clock.ts'
import { Round, runForEver } from './round.ts'
import { HOUR, NAMES, stateWithBenches, T0 } from './testing/processor-bench.ts'

const { db, bench } = await stateWithBenches()

/** A machine: its uptime goes on while somebody sleeps, and its clock is off by as much as the test says. */
function machine({ id = 'boot', uptime = 1000, present = T0 + 10 * HOUR } = {}) {
  const since = { uptime, present }
  const it = {
    id,
    uptime,
    off: 0,
    unavailable: false,
    get present() {
      return since.present + it.uptime - since.uptime
    },
  }
  return it
}

type Machine = ReturnType<typeof machine>

function clockOf(on: Machine, trust = false) {
  const log: Record<string, unknown>[] = []
  const registry = new Registry()
  const write = (line: string) => void log.push(JSON.parse(line) as Record<string, unknown>)
  const clock = new GuardedClock(
    {
      db,
      async stateTime() {
        if (on.unavailable) throw new Error('gone')
        return on.present + on.off
      },
      boot: async () => ({ id: on.id, uptime: on.uptime }),
      async sleep(seconds) {
        on.uptime += seconds
      },
      events: processorEvents(pino({ level: 'info' }, { write }), registry),
    },
    { trust, retrySeconds: 600, leaseSeconds: 60 },
  )
  return { clock, log, registry }
}

/** Rounds for ever on a machine, as a service makes them; after each `then` may change it, and end them by false. */
async function serve(on: Machine, b: Awaited<ReturnType<typeof bench>>, then: (rounds: number) => boolean) {
  const { clock, log } = clockOf(on)
  const stop = new AbortController()
  let rounds = 0
  const sleep: typeof clock.sleep = async (seconds, signal) => {
    await clock.sleep(seconds, signal)
    if (!then(++rounds)) stop.abort()
  }
  const round = new Round(
    {
      ...b.roundParts,
      events: processorEvents(pino({ level: 'silent' }), new Registry()),
      clock: { now: clock.now, sleep },
    },
    {
      names: NAMES,
      discoverEverySeconds: 300,
      lookSeconds: 4,
      keepHours: undefined,
      zone: UTC,
      keepAuditDays: undefined,
    },
  )
  await runForEver(round, { signal: stop.signal })
  return log
}

const nextBegin = async () =>
  (await db.select({ next: scopes.nextBegin }).from(scopes)).map(({ next }) => next.getTime() / 1000)

test('a clock six hours fast for twelve seconds has no period to come rated; then it goes on rightly', async () => {
  await using b = await bench(['a', 'b'])
  const on = machine()
  const log = await serve(on, b, (rounds) => {
    on.off = rounds >= 2 && rounds < 5 ? 6 * HOUR : 0
    return rounds < 8
  })
  // Periods wait for two hours, so that the one at T0 + 8 h has just settled.
  expect(await nextBegin()).toEqual([T0 + 9 * HOUR, T0 + 9 * HOUR])
  expect(log.map(({ msg }) => String(msg).split(':', 1)[0])).toEqual([
    'the clock has jumped ahead and is not believed',
    'the clock is believed again',
  ])
  const later = machine({ uptime: on.uptime + HOUR, present: on.present + HOUR })
  await serve(later, b, () => false)
  expect(await nextBegin()).toEqual([T0 + 10 * HOUR, T0 + 10 * HOUR])
})

test('a restart does not make a fast clock right; an operator’s word does', async () => {
  const on = machine()
  await clockOf(on).clock.now()
  on.uptime += 100
  on.off = 6 * HOUR
  const again = clockOf(on)
  expect(await again.clock.now()).toBe(on.present)
  expect(await readClockAhead(db)).toBe(6 * HOUR)
  expect(await again.registry.metrics()).toMatch(/^cloudtabby_clock_ahead_seconds 21600$/m)
  expect(await clockOf(on, true).clock.now()).toBe(on.present + 6 * HOUR)
  expect(await readClockAhead(db)).toBe(0)
})

test('a machine that was off for a week catches up at once', async () => {
  await using b = await bench(['a'])
  const on = machine()
  await serve(on, b, () => false)
  const week = 7 * 24 * HOUR
  const later = machine({ id: 'next boot', uptime: 30, present: on.present + week })
  await serve(later, b, () => false)
  expect(await nextBegin()).toEqual([T0 + week + 9 * HOUR])
})

test('one that was suspended is waited for until its clock has been steady', async () => {
  const on = machine()
  const { clock } = clockOf(on)
  await clock.now()
  on.off = 2 * HOUR
  for (let i = 0; i < 15; i++) {
    expect(await clock.now()).toBe(on.present)
    on.uptime += 60
  }
  expect(await clock.now()).toBe(on.present + 2 * HOUR)
  expect(await readClockAhead(db)).toBe(0)
})

test('its quarter of an hour goes on though nothing runs all the time: `process` of a cron job', async () => {
  const on = machine()
  await clockOf(on).clock.now()
  on.off = 2 * HOUR
  on.uptime += 600
  expect(await clockOf(on).clock.now()).toBe(on.present)
  on.uptime += 600
  expect(await clockOf(on).clock.now()).toBe(on.present)
  on.uptime += 600
  expect(await clockOf(on).clock.now()).toBe(on.present + 2 * HOUR)
})

test('while state does not answer time goes on by the uptime', async () => {
  const on = machine()
  const { clock } = clockOf(on)
  await clock.now()
  on.unavailable = true
  on.off = 6 * HOUR
  on.uptime += 42
  expect(await clock.now()).toBe(on.present)
})

test('a service that starts while state is away waits for the time, and begins nothing at another', async () => {
  await using b = await bench(['a'])
  const on = machine()
  on.unavailable = true
  await serve(on, b, (rounds) => {
    if (rounds === 2) on.unavailable = false
    return rounds < 3
  })
  expect(await nextBegin()).toEqual([T0 + 9 * HOUR])
  const [scope] = await b.scopes.list()
  expect(scope!.activeSince).toBe(on.present - 4)
})

test('what a fast clock has put off is taken up again when the clock is right', async () => {
  await using b = await bench(['a'])
  const on = machine()
  await serve(on, b, () => false)
  const late = sql`now() + interval '6 hours'`
  await db.update(scopes).set({ failures: 1, retryAt: late, lastError: 'x', leaseUntil: late, leaseBatch: 1 })
  await db.insert(processors).values({ owner: 'dead', seenAt: late })
  await db.insert(maintenance).values([
    { name: 'audit', notBefore: late },
    { name: 'retention', notBefore: late },
  ])
  await clockOf(on).clock.now()
  const [scope] = await db
    .select({
      retry: sql<boolean>`${scopes.retryAt} <= now()`,
      lease: sql<boolean>`${scopes.leaseUntil} <= now() + interval '60 s'`,
    })
    .from(scopes)
  expect(scope).toEqual({ retry: true, lease: true })
  expect(await db.select().from(processors)).toEqual([])
  const held = await db
    .select({ name: maintenance.name })
    .from(maintenance)
    .where(sql`${maintenance.notBefore} > now() + interval '1 hour'`)
  expect(held).toEqual([{ name: 'retention' }])
})

test('scopes that are rated ahead of now are told, with the way back, until they are reset', async () => {
  await using b = await bench(['a', 'b'])
  const on = machine()
  await serve(on, b, () => false)
  on.uptime += 60
  const { clock, log } = clockOf(on)
  await clock.now()
  expect(log).toEqual([])
  await db.update(scopes).set({ nextBegin: new Date((on.present + 5 * HOUR) * 1000) })
  await clock.now()
  await clock.now()
  expect(log).toMatchObject([{ scopes: 2, scopeIds: ['a', 'b'], msg: expect.stringMatching(/PUT \/v2\/scope/) }])
  expect(await readScopesAhead(db, on.present)).toMatchObject({ count: 2, until: on.present + 5 * HOUR })
  const ids = (await b.scopes.list()).map(({ id }) => id)
  await b.scopes.reset(ids, { at: T0 + 8 * HOUR, periodSeconds: HOUR }, { who: 'test' })
  await clock.now()
  expect(log.at(-1)).toMatchObject({ msg: 'no scope is rated ahead of now any more' })
})
