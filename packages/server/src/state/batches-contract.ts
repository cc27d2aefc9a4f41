import { sql } from 'drizzle-orm'
import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, expectTypeOf, test } from 'vitest'
import { Batches } from './batches.ts'
import type { Claim, ClaimRequest } from './claim.ts'
import type { CommitEffects } from './commit.ts'
import { Maintenance } from './maintenance.ts'
import { duePeriods } from './due.ts'
import type { State } from './database.ts'
import { Reprocesses } from './reprocesses.ts'
import { Scopes } from './scopes.ts'

const HOUR = 3600
const T0 = Date.UTC(2026, 5, 1) / 1000
const NAMES = { scopeKey: 'project_id', fetcher: 'source', collector: 'prometheus' }
const TESTER = { who: 'tester' }
const REQUEST: ClaimRequest = {
  ...NAMES,
  now: T0 + 10 * HOUR + 1,
  periodSeconds: HOUR,
  waitPeriods: 2,
  maxScopes: 100,
  maxPeriods: 100,
}

/** What the commit protocol promises, on whichever database state is kept. */
export function batchesContract(database: string, open: () => Promise<State>): void {
  describe(`batches on ${database}`, () => {
    let state: State
    let batches: Batches
    let scopes: Scopes

    beforeAll(async () => {
      state = await open()
    })
    afterAll(() => state[Symbol.asyncDispose]())
    beforeEach(async () => {
      await state.db.execute(
        sql`TRUNCATE scopes, scope_inactivity, hidden_batches, tombstones, maintenance, processors, storage_scope_reprocessing_schedule, audit RESTART IDENTITY CASCADE`,
      )
      await state.db.execute(sql`UPDATE batch_counter SET value = 0`)
      batches = new Batches(state.db, { owner: 'test', leaseSeconds: 60 })
      scopes = new Scopes(state.db)
    })

    const expireLeases = () =>
      state.db.execute(sql`UPDATE scopes SET lease_until = now() - interval '1 second' WHERE lease_batch IS NOT NULL`)

    describe('what is due', () => {
      test.each([
        ['nothing while the period settles', 2 * HOUR, 0],
        ['the first period once it has waited, strictly', 2 * HOUR + 1, 1],
        ['many after a long stop', 10 * HOUR + 1, 9],
        ['nothing before its time', -5 * HOUR, 0],
      ])('%s', (_guarantee, elapsed, wanted) => {
        expect(
          duePeriods({ next: T0, seenAt: T0 * 2 }, { now: T0 + elapsed, periodSeconds: HOUR, waitPeriods: 2 }),
        ).toBe(wanted)
      })

      test('no period is due before it is over, whatever the wait', () => {
        fc.assert(
          fc.property(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 1, max: 1e6 }), (waitPeriods, elapsed) => {
            const due = duePeriods(
              { next: T0, seenAt: T0 * 2 },
              { now: T0 + elapsed, periodSeconds: HOUR, waitPeriods },
            )
            expect(T0 + due * HOUR).toBeLessThanOrEqual(T0 + elapsed)
          }),
        )
      })
    })

    test('a batch is hidden until its commit, and then it counts', async () => {
      const batch = await batches.begin('pushed')
      expect(await batches.snapshot()).toEqual({ highest: batch, hidden: [batch], tombstones: [] })
      await batches.commit(batch)
      expect(await batches.snapshot()).toEqual({ highest: batch, hidden: [], tombstones: [] })
    })

    test('a claim leases scopes of one next period, and its commit moves them on', async () => {
      await scopes.see(['a', 'b'], NAMES, REQUEST.now, T0)
      await scopes.see(['late'], NAMES, REQUEST.now, T0 + HOUR)
      const claim = (await batches.claim(REQUEST))!
      expect(claim).toMatchObject({ begin: T0, periods: 9, scopes: [{ scopeId: 'a' }, { scopeId: 'b' }] })
      const other = (await batches.claim(REQUEST))!
      expect(other).toMatchObject({ begin: T0 + HOUR, periods: 8, scopes: [{ scopeId: 'late' }] })
      expect(await batches.claim(REQUEST)).toBeUndefined()

      await batches.commit(claim.batch, { claim })
      const [a] = await scopes.list({ scopeIds: ['a'] })
      expect(a).toMatchObject({ lastProcessed: T0 + 8 * HOUR, nextBegin: T0 + 9 * HOUR })
      expect(await batches.claim(REQUEST)).toBeUndefined()
    })

    test('processors that take turns share what is due, and no one takes everything while others are there', async () => {
      const ids = Array.from({ length: 12 }, (_, i) => `scope-${i}`)
      await scopes.see(ids, NAMES, REQUEST.now, T0)
      const [one, two, three] = [1, 2, 3].map((i) => new Batches(state.db, { owner: `${i}`, leaseSeconds: 60 })) as [
        Batches,
        Batches,
        Batches,
      ]
      const alone = (await one.claim({ ...REQUEST, maxPeriods: 1 }))!
      expect(alone.scopes).toHaveLength(12)
      expect(await two.claim(REQUEST)).toBeUndefined()
      await one.commit(alone.batch, { claim: alone })

      const half = (await one.claim({ ...REQUEST, maxPeriods: 1 }))!
      const otherHalf = (await two.claim({ ...REQUEST, maxPeriods: 1 }))!
      expect([half, otherHalf].map((claim) => claim.scopes.length)).toEqual([6, 6])
      expect(await three.claim(REQUEST)).toBeUndefined()
      await one.commit(half.batch, { claim: half })
      await two.commit(otherHalf.batch, { claim: otherHalf })

      const thirds = [await one.claim(REQUEST), await two.claim(REQUEST), await three.claim(REQUEST)]
      expect(thirds.map((claim) => claim?.scopes.length)).toEqual([4, 4, 4])
      expect(new Set(thirds.flatMap((claim) => claim!.scopes.map((scope) => scope.scopeId))).size).toBe(12)

      // Who goes, and who has given no sign of life for a lease's time, is shared with no more.
      for (const claim of thirds) await one.abandon(claim!.batch)
      await one.retire()
      const again = (await three.claim(REQUEST))!
      expect(again.scopes).toHaveLength(6)
      await three.abandon(again.batch)
      await state.db.execute(sql`UPDATE processors SET seen_at = now() - interval '61 seconds' WHERE owner LIKE '2:%'`)
      expect((await three.claim(REQUEST))?.scopes).toHaveLength(12)
    })

    test('a scope that is months behind takes turns with the others', async () => {
      await scopes.see(['behind'], NAMES, REQUEST.now, T0 - 1000 * HOUR)
      await scopes.see(['current'], NAMES, REQUEST.now, T0)
      const turns: string[] = []
      for (let i = 0; i < 6; i++) {
        const claim = (await batches.claim({ ...REQUEST, maxPeriods: 2 }))!
        turns.push(...claim.scopes.map((scope) => scope.scopeId))
        await batches.commit(claim.batch, { claim })
      }
      expect(turns).toEqual(['behind', 'current', 'behind', 'current', 'behind', 'current'])
    })

    test('what another process rates is known to be due, and all is free when every holder is known to be dead', async () => {
      await scopes.see(['a', 'b'], NAMES, REQUEST.now, T0)
      const claim = (await batches.claim(REQUEST))!
      const push = await batches.begin('pushed')
      expect(await batches.claim(REQUEST)).toBeUndefined()
      expect(await batches.due(REQUEST)).toBe(2)
      await batches.abandonAll()
      expect(await batches.due(REQUEST)).toBe(2)
      await expect(batches.commit(push)).rejects.toMatchObject({ code: 'state.fenced' })
      await expect(batches.commit(claim.batch, { claim })).rejects.toMatchObject({
        code: 'state.fenced',
      })
      expect(await batches.claim(REQUEST)).toMatchObject({ begin: T0, scopes: [{ scopeId: 'a' }, { scopeId: 'b' }] })
    })

    test('a claim knows how long its periods are: one that does not cannot be committed', async () => {
      await scopes.see(['a'], NAMES, REQUEST.now, T0)
      expect(await batches.claim(REQUEST)).toMatchObject({ periodSeconds: HOUR })
      // The compiler's to say, before anything runs.
      expectTypeOf<Omit<Claim, 'periodSeconds'>>().not.toExtend<NonNullable<CommitEffects['claim']>>()
    })

    test('an expired lease is taken over, and its late writer can neither commit nor be seen', async () => {
      await scopes.see(['a'], NAMES, REQUEST.now, T0)
      const first = (await batches.claim(REQUEST))!
      await expireLeases()
      const second = (await batches.claim(REQUEST))!
      expect(second.batch).toBeGreaterThan(first.batch)
      await expect(batches.commit(first.batch, { claim: first })).rejects.toMatchObject({
        code: 'state.fenced',
      })
      expect(await batches.renew(first.batch)).toBe(false)
      await batches.commit(second.batch, { claim: second })
      expect(await batches.snapshot()).toEqual({ highest: second.batch, hidden: [first.batch], tombstones: [] })
    })

    test('a scope that failed waits and shows why; the others of its batch are free at once', async () => {
      await scopes.see(['good', 'bad'], NAMES, REQUEST.now, T0)
      const claim = (await batches.claim(REQUEST))!
      const bad = claim.scopes.find((scope) => scope.scopeId === 'bad')!
      await batches.fail(claim.batch, [{ scope: bad.id, error: 'no flavor', retryInSeconds: 60 }])
      expect(await batches.claim(REQUEST)).toMatchObject({ scopes: [{ scopeId: 'good' }] })
      expect((await scopes.list({ scopeIds: ['bad'] }))[0]?.failure).toMatchObject({ error: 'no flavor', count: 1 })
      expect(await batches.claim(REQUEST)).toBeUndefined()
      await state.db.execute(sql`UPDATE scopes SET retry_at = now() - interval '1 second' WHERE identifier = 'bad'`)
      expect(await batches.claim(REQUEST)).toMatchObject({ scopes: [{ scopeId: 'bad' }] })
    })

    test('periods that begin while a scope is off are never claimed', async () => {
      await scopes.see(['a'], NAMES, REQUEST.now, T0)
      const [row] = await scopes.list()
      await scopes.patch(row!.id, { active: false }, T0 + 2 * HOUR + 60, TESTER)
      expect(await batches.claim(REQUEST)).toBeUndefined()
      await scopes.patch(row!.id, { active: true }, T0 + 5 * HOUR + 60, TESTER)
      const before = (await batches.claim(REQUEST))!
      expect(before).toMatchObject({ begin: T0, periods: 3 })
      await batches.commit(before.batch, { claim: before })
      expect(await batches.claim(REQUEST)).toMatchObject({ begin: T0 + 6 * HOUR, periods: 3 })
    })

    test('a scope that vanished is rated up to when it was seen last, and goes on when it returns', async () => {
      await scopes.see(['a'], NAMES, T0 + 3 * HOUR, T0)
      const far = { ...REQUEST, now: T0 + 100 * HOUR, maxPeriods: 1 }
      const begins: number[] = []
      for (let claim = await batches.claim(far); claim; claim = await batches.claim(far)) {
        begins.push((claim.begin - T0) / HOUR)
        await batches.commit(claim.batch, { claim })
      }
      expect(begins).toEqual([0, 1, 2, 3])
      await scopes.see(['a'], NAMES, T0 + 50 * HOUR, T0)
      expect(await batches.claim(far)).toMatchObject({ begin: T0 + 4 * HOUR })
    })

    test('a reset of many scopes is one commit, and as many tasks as there are scopes are one too', async () => {
      const ids = Array.from({ length: 2500 }, (_, i) => `s${i}`)
      await scopes.see(ids, NAMES, REQUEST.now, T0 + 3 * HOUR)
      const rows = await scopes.list()
      await scopes.reset(
        rows.map((row) => row.id),
        { at: T0, periodSeconds: HOUR },
        TESTER,
      )
      // The time of a row is that of its transaction.
      const commits = await state.db.execute(
        sql`SELECT count(DISTINCT created_at)::int AS n, count(*)::int AS rows FROM tombstones`,
      )
      expect(commits).toMatchObject({ rows: [{ n: 1, rows: 2500 }] })
      expect(await scopes.resets.list({ scopeIds: ids, order: 'asc' })).toHaveLength(2500)

      // More than a statement takes parameters.
      const many = Array.from({ length: 70_000 }, (_, i) => `t${i}`)
      const reprocesses = new Reprocesses(state.db)
      const period = { begin: T0, end: T0 + HOUR }
      expect(await reprocesses.add(many.slice(0, 20_000), period, 'why', TESTER)).toBeUndefined()
      expect(await reprocesses.add(many, period, 'why', TESTER)).toBe('t0')
      expect(await reprocesses.list({ scopeIds: many, order: 'asc' })).toHaveLength(20_000)
      expect(await scopes.list({ scopeIds: [...many, 's7'] })).toHaveLength(1)
      expect(await reprocesses.cancel({ scopeIds: many, ids: [] }, TESTER)).toHaveLength(20_000)
    })

    test('reset takes back everything from its instant on, rates it again, and fences a running batch off', async () => {
      await scopes.see(['a'], NAMES, REQUEST.now, T0)
      const done = (await batches.claim({ ...REQUEST, maxPeriods: 4 }))!
      await batches.commit(done.batch, { claim: done })
      const running = (await batches.claim(REQUEST))!
      const [row] = await scopes.list()
      await scopes.reset([row!.id], { at: T0 + HOUR, periodSeconds: HOUR }, TESTER)
      await expect(batches.commit(running.batch, { claim: running })).rejects.toMatchObject({
        code: 'state.fenced',
      })
      const snapshot = await batches.snapshot()
      expect(snapshot.tombstones).toEqual([{ scopeId: 'a', begin: T0 + HOUR, end: undefined, upTo: running.batch }])
      expect(await batches.claim(REQUEST)).toMatchObject({ begin: T0 + HOUR, periods: 8 })
    })

    test('what was abandoned is swept at once and stays hidden; a tombstone waits for queries and older writers', async () => {
      const push = await batches.begin('pushed')
      await scopes.see(['a'], NAMES, REQUEST.now, T0)
      const [row] = await scopes.list()
      await scopes.reset([row!.id], { at: T0, periodSeconds: HOUR }, TESTER)
      const lost = await batches.begin('pushed')
      await batches.abandon(lost)

      await state.db.execute(sql`UPDATE tombstones SET created_at = now() - interval '1 hour'`)
      const first = await batches.sweepable()
      expect(first).toEqual({ batches: [{ id: lost, forget: false }], tombstones: [] })
      await batches.swept(first)
      expect((await batches.snapshot()).hidden).toEqual([push, lost])

      await batches.commit(push)
      const second = await batches.sweepable()
      expect(second).toMatchObject({ batches: [], tombstones: [{ scopeId: 'a', upTo: push }] })
      await batches.swept(second)
      await state.db.execute(sql`UPDATE hidden_batches SET abandoned_at = now() - interval '8 days'`)
      const third = await batches.sweepable()
      expect(third).toEqual({ batches: [{ id: lost, forget: true }], tombstones: [] })
      await batches.swept(third)
      expect(await batches.snapshot()).toEqual({ highest: lost, hidden: [], tombstones: [] })
    })

    test('a batch whose owner died is abandoned by the sweep', async () => {
      const batch = await batches.begin('imported')
      await state.db.execute(sql`UPDATE hidden_batches SET lease_until = now() - interval '5 minutes'`)
      expect((await batches.sweepable()).batches).toEqual([{ id: batch, forget: false }])
      await expect(batches.commit(batch)).rejects.toMatchObject({ code: 'state.fenced' })
    })

    test('nothing is swept while somebody holds the sweep; a shorter hold does not cut a longer one', async () => {
      const maintenance = new Maintenance(state.db)
      const batch = await batches.begin('pushed')
      await batches.abandon(batch)
      await maintenance.hold(['sweep', 'retention'], 3600)
      await maintenance.hold(['sweep'], 0)
      expect(await batches.sweepable()).toEqual({ batches: [], tombstones: [] })
      expect(await maintenance.take('retention', 60)).toBe(false)
      await maintenance.release(['sweep', 'retention'])
      expect((await batches.sweepable()).batches).toEqual([{ id: batch, forget: false }])
    })

    test('a maintenance task is one caller’s until its time is over', async () => {
      const maintenance = new Maintenance(state.db)
      const taken = await Promise.all(Array.from({ length: 5 }, () => maintenance.take('retention', 60)))
      expect(taken.filter(Boolean)).toHaveLength(1)
      await state.db.execute(sql`UPDATE maintenance SET not_before = now() - interval '1 second'`)
      expect(await maintenance.take('retention', 60)).toBe(true)
      expect(await maintenance.take('retention', 60)).toBe(false)
      expect(Math.abs((await maintenance.now()) - Date.now() / 1000)).toBeLessThan(3600)
    })
  })
}
