import { sql } from 'drizzle-orm'
import fc from 'fast-check'
import { afterAll, beforeEach, expect, test } from 'vitest'
import { Batches } from './batches.ts'
import { noteDiscovery, noteFailedDiscovery, readDiscovery } from './discoveries.ts'
import { duePeriods } from './due.ts'
import { listFailing, readLateness } from './lateness.ts'
import { Scopes } from './scopes.ts'
import { openTestState } from './testing/open-test-state.ts'

const HOUR = 3600
const T0 = Date.UTC(2026, 5, 1) / 1000
const NAMES = { scopeKey: 'project_id', fetcher: 'keystone', collector: 'gnocchi' }
const at = (hour: number) => ({ ...NAMES, now: T0 + hour * HOUR + 1, periodSeconds: HOUR, waitPeriods: 2 })
const NO_ONE = { scopes: 0, failing: 0, freePeriods: 0, lagSeconds: 0 }

const state = await openTestState()
const { db } = state
const scopes = new Scopes(db)
const batches = new Batches(db, { owner: 'test', leaseSeconds: 60 })
beforeEach(() => db.execute(sql`TRUNCATE discoveries, scopes, hidden_batches, processors RESTART IDENTITY CASCADE`))
afterAll(() => state[Symbol.asyncDispose]())

test('with no scope nothing is late', async () => {
  expect(await readLateness(db, at(10))).toEqual(NO_ONE)
})

test('the lag is the age of the oldest period that is due, and goes when it is rated', async () => {
  await scopes.see(['a', 'b'], NAMES, T0 + 10 * HOUR, T0)
  expect(await readLateness(db, at(2))).toEqual({ ...NO_ONE, scopes: 2, freePeriods: 2, lagSeconds: HOUR + 1 })
  expect(await readLateness(db, at(10))).toEqual({ ...NO_ONE, scopes: 2, freePeriods: 18, lagSeconds: 9 * HOUR + 1 })
  const claim = await batches.claim({ ...at(10), maxScopes: 9, maxPeriods: 9 })
  await batches.commit(claim!.batch, { claim: claim! })
  expect(await readLateness(db, at(10))).toEqual({ ...NO_ONE, scopes: 2 })
})

test('what lies after a scope was seen last is not due, neither for the lag nor for the progress nor for a claim', async () => {
  await scopes.see(['gone', 'there'], NAMES, T0 + 3 * HOUR, T0)
  await scopes.see(['there'], NAMES, T0 + 20 * HOUR, T0)
  // 0:00 to 4:00 of the one, 0:00 to 19:00 of the other.
  expect(await readLateness(db, at(20))).toMatchObject({ scopes: 2, freePeriods: 4 + 19 })
  const first = await batches.claim({ ...at(20), maxScopes: 9, maxPeriods: 99 })
  expect(first).toMatchObject({ begin: T0, periods: 4, scopes: [{ scopeId: 'gone' }, { scopeId: 'there' }] })
  await batches.commit(first!.batch, { claim: first! })
  const second = await batches.claim({ ...at(20), maxScopes: 9, maxPeriods: 99 })
  expect(second).toMatchObject({ periods: 15, scopes: [{ scopeId: 'there' }] })
  await batches.commit(second!.batch, { claim: second! })
  expect(await readLateness(db, at(20))).toEqual({ ...NO_ONE, scopes: 2 })
  // A year later it is still so for the one that is gone.
  expect(await readLateness(db, at(20 + 366 * 24))).toMatchObject({ lagSeconds: 366 * 24 * HOUR + 1 })
  await scopes.patch(2, { active: false }, T0, { who: 'test' })
  expect(await readLateness(db, at(20 + 366 * 24))).toEqual({ ...NO_ONE, scopes: 1 })
})

test('a scope that failed is late and failing, but not free before its back-off is over; nor is one that is being rated', async () => {
  await scopes.see(['bad', 'good'], NAMES, T0 + 10 * HOUR, T0)
  const claim = await batches.claim({ ...at(4), maxScopes: 9, maxPeriods: 9 })
  expect(await readLateness(db, at(4))).toMatchObject({ freePeriods: 0, lagSeconds: 3 * HOUR + 1 })
  await batches.fail(claim!.batch, [{ scope: 1, error: 'NaN', retryInSeconds: 60 }])
  expect(await readLateness(db, at(4))).toMatchObject({ failing: 1, freePeriods: 3, lagSeconds: 3 * HOUR + 1 })
  expect(await listFailing(db, at(4))).toEqual([{ scopeId: 'bad', error: 'NaN' }])
  // A failure of what is not due any more is nobody's business.
  await scopes.patch(1, { active: false }, T0, { who: 'test' })
  expect(await listFailing(db, at(4))).toEqual([])
})

test('other fetchers’ and collectors’ scopes are not counted', async () => {
  await scopes.see(['a'], { ...NAMES, fetcher: 'source' }, T0 + 10 * HOUR, T0)
  await scopes.see(['a'], { ...NAMES, collector: 'prometheus' }, T0 + 10 * HOUR, T0)
  expect(await readLateness(db, at(10))).toEqual(NO_ONE)
})

test('SQL counts the periods that are due as the function does', async () => {
  await scopes.see(['a'], NAMES, T0, T0)
  const seconds = fc.integer({ min: -10 * HOUR, max: 10 * HOUR })
  await fc.assert(
    fc.asyncProperty(seconds, seconds, fc.nat(4), async (seen, now, waitPeriods) => {
      await db.execute(sql`UPDATE scopes SET seen_at = to_timestamp(${T0 + seen})`)
      const request = { ...NAMES, now: T0 + now, periodSeconds: HOUR, waitPeriods }
      const wanted = duePeriods({ next: T0, seenAt: T0 + seen }, request)
      expect((await readLateness(db, request)).freePeriods).toBe(wanted)
    }),
    { numRuns: 60 },
  )
})

test('a fetcher’s failures are counted in a row, once a look however many processors look, until one succeeds', async () => {
  expect(await readDiscovery(db, NAMES)).toBeUndefined()
  const fail = () => noteFailedDiscovery(db, NAMES, { error: 'refused', everySeconds: 300 })
  await fail()
  await fail()
  expect(await readDiscovery(db, NAMES)).toEqual({ ageSeconds: undefined, scopes: 0, failures: 1, error: 'refused' })
  for (const failures of [2, 3]) {
    await db.execute(sql`UPDATE discoveries SET failed_at = failed_at - interval '300 seconds'`)
    await Promise.all([fail(), fail(), fail()])
    expect(await readDiscovery(db, NAMES)).toMatchObject({ failures })
  }
  await noteDiscovery(db, NAMES, 7)
  const { ageSeconds, ...rest } = (await readDiscovery(db, NAMES))!
  expect(rest).toEqual({ scopes: 7, failures: 0, error: undefined })
  expect(ageSeconds).toBeLessThan(600)
  expect(await readDiscovery(db, { ...NAMES, fetcher: 'source' })).toBeUndefined()
})
