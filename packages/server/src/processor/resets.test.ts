import { sql } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { add, ONE } from '../domain/decimal.ts'
import { EACH, full, HOUR, NAMES, shownDiff, stateWithBenches, T0, TESTER } from './testing/processor-bench.ts'

const { db, bench } = await stateWithBenches()

const MANY = { order: 'asc', offset: 0, limit: 100 } as const

/** Scopes that are rated for nine hours, and prices that have doubled since. */
async function rated(...scopeIds: string[]) {
  const b = await bench(scopeIds)
  await b.run(T0 + 10 * HOUR + 1)
  b.rating.price = add(ONE, ONE)
  const { resets } = b.scopes
  const ids = async (...of: string[]) => (await b.scopes.list({ scopeIds: of })).map((scope) => scope.id)
  return Object.assign(b, {
    reset: async (hour: number, ...of: string[]) =>
      b.scopes.reset(await ids(...of), { at: T0 + hour * HOUR, periodSeconds: HOUR }, TESTER),
    cancel: (...of: string[]) => resets.cancel({ scopeIds: of, ids: [] }, TESTER),
    list: (...of: string[]) => resets.list({ scopeIds: of, ...MANY }),
    sweepLater: async () => {
      await db.execute(sql`UPDATE tombstones SET created_at = created_at - interval '1 hour'`)
      await b.sweep()
    },
  })
}
const hours = (...of: number[]) => ({ begin: T0 + of[0]! * HOUR, end: T0 + of[1]! * HOUR })

test('a reset shows how far its scope is rated again, and then what it changed, by type', async () => {
  await using b = await rated('a', 'b')
  await b.reset(4, 'a')
  const watched = { scopeId: 'a', ...NAMES, period: hours(4, 9) }
  expect(await b.list()).toMatchObject([{ ...watched, state: 'pending', current: T0 + 4 * HOUR, cancellable: true }])
  // Both orders: what is measured late is kept for it.
  await b.sweepLater()
  await b.measure()
  await b.measure()
  await b.run(T0 + 8 * HOUR + 1)
  expect(await b.list()).toMatchObject([
    { state: 'running', current: T0 + 7 * HOUR, cancellable: false, diff: undefined },
  ])
  await b.measure()
  await b.sweepLater()
  expect((await b.batches.snapshot()).tombstones).toEqual([])
  await b.run(T0 + 12 * HOUR + 1)
  expect(await b.list()).toMatchObject([{ state: 'done', current: T0 + 9 * HOUR, cancellable: false }])
  expect(await b.cancel('a')).toEqual({ cancelled: [], tooLate: [] })
  await b.measure()
  expect(shownDiff((await b.list())[0]!.diff)).toEqual([
    'instance 120 at 15 → 120 at 30',
    'volume 120 at 15 → 120 at 30',
  ])
  expect(await b.cancel('a')).toEqual({ cancelled: [], tooLate: [] })
})

test('a cancelled reset brings everything back at once, and the scope goes on where it was', async () => {
  await using b = await rated('a', 'b')
  await b.reset(4, 'a', 'b')
  expect(await b.total()).toEqual({ ...full(['a'], 4), ...full(['b'], 4) })
  await b.sweepLater()
  expect(await b.cancel('a')).toMatchObject({ cancelled: [{ scopeId: 'a' }], tooLate: [] })
  expect(await b.total()).toEqual({ ...full(['a'], 9), ...full(['b'], 4) })
  const [a] = await b.scopes.list({ scopeIds: ['a'] })
  expect(a).toMatchObject({ lastProcessed: T0 + 8 * HOUR, nextBegin: T0 + 9 * HOUR })
  expect((await b.list('a')).map((reset) => reset.state)).toEqual(['cancelled'])
  b.rating.price = ONE
  await b.run(T0 + 11 * HOUR + 1)
  expect(await b.total()).toEqual(full(['a', 'b'], 10))
})

test('a batch that rates again what a cancelled reset took is fenced off and never seen', async () => {
  await using b = await rated('a')
  await b.reset(4, 'a')
  b.source.onRequest = async () => {
    b.source.onRequest = () => {}
    expect(await b.list()).toMatchObject([{ state: 'running', cancellable: true }])
    expect((await b.cancel('a')).cancelled).toHaveLength(1)
  }
  await b.run(T0 + 10 * HOUR + 1)
  expect(await b.total()).toEqual(full(['a'], 9))
  await b.sweepLater()
  expect(await b.stored()).toBe(9 * EACH)
})

test('it is too late for a scope that is being rated again; the others of the same reset can go back', async () => {
  await using b = await rated('a', 'b')
  await b.reset(4, 'a', 'b')
  b.setFetcher(() => ['a'])
  await db.execute(sql`UPDATE scopes SET retry_at = now() + interval '1 hour' WHERE identifier = 'b'`)
  await b.run(T0 + 6 * HOUR + 1)
  expect(await b.cancel()).toMatchObject({ cancelled: [{ scopeId: 'b' }], tooLate: [{ scopeId: 'a' }] })
  await b.run(T0 + 10 * HOUR + 1)
  expect(await b.total()).toEqual({
    ...full(['a', 'b'], 9),
    ...Object.fromEntries(Object.entries(full(['a'], 9, 2)).slice(4)),
  })
})

test('a later reset takes the place of an earlier one; cancelling it leads back to the earlier', async () => {
  await using b = await rated('a')
  await b.reset(6, 'a')
  await b.reset(2, 'a')
  expect((await b.list()).map((reset) => [reset.state, reset.period])).toEqual([
    ['superseded', hours(6, 9)],
    ['pending', hours(2, 6)],
  ])
  await b.measure()
  await b.cancel('a')
  expect(await b.total()).toEqual(full(['a'], 6))
  expect((await b.list()).map((reset) => reset.state)).toEqual(['superseded', 'cancelled'])
  await b.run(T0 + 10 * HOUR + 1)
  expect(Object.keys(await b.total())).toHaveLength(9)
})

test('a scope of two collectors is brought back whole or not at all', async () => {
  await using b = await rated('a')
  const other = { scopeId: 'a', ...NAMES, collector: 'former', lastProcessed: T0 + 8 * HOUR, active: true }
  await b.scopes.create(other, HOUR, T0 + 10 * HOUR, TESTER)
  await b.reset(4, 'a')
  const [first] = await b.list()
  expect((await b.scopes.resets.cancel({ scopeIds: [], ids: [first!.id] }, TESTER)).cancelled).toHaveLength(2)
  expect(await b.total()).toEqual(full(['a'], 9))
  await b.reset(4, 'a')
  await b.run(T0 + 6 * HOUR + 1)
  const open = (await b.list()).slice(2)
  expect(open.map((reset) => reset.cancellable)).toEqual([false, false])
  expect(await b.cancel('a')).toMatchObject({ cancelled: [], tooLate: [{}, {}] })
})

test('a reset to a moment inside a period bills every hour once, as before', async () => {
  await using b = await rated('a')
  await b.reset(2.5, 'a')
  expect(await b.total()).toEqual(full(['a'], 2))
  await b.run(T0 + 10 * HOUR + 1)
  expect(await b.total()).toEqual({ ...full(['a'], 9, 2), ...full(['a'], 2) })
})

test('of a scope whose two collectors have different periods a reset takes of each what lies after its own moment', async () => {
  await using b = await rated('a')
  const half = T0 + 8.5 * HOUR
  const other = { scopeId: 'a', ...NAMES, collector: 'former', lastProcessed: half, active: true }
  await b.scopes.create(other, HOUR, T0 + 10 * HOUR, TESTER)
  await b.reset(4.75, 'a')
  expect((await b.scopes.list()).map((scope) => (scope.nextBegin - T0) / HOUR)).toEqual([4, 4.5])
  expect(await b.total()).toEqual(full(['a'], 4))
  expect((await b.list()).map(({ period }) => (period.begin - T0) / HOUR)).toEqual([4, 4.5])
  expect((await b.cancel('a')).cancelled).toHaveLength(2)
  expect(await b.total()).toEqual(full(['a'], 9))
})

test('a reset to a later moment takes nothing back and is nothing to watch', async () => {
  await using b = await rated('a')
  await b.reset(12, 'a')
  expect(await b.list()).toEqual([])
})

test('after a day what a reset took is gone for good', async () => {
  await using b = await rated('a')
  await b.reset(4, 'a')
  await db.execute(sql`UPDATE tombstones SET created_at = now() - interval '23 hours 30 minutes'`)
  expect(await b.list()).toMatchObject([{ state: 'pending', cancellable: false }])
  await b.sweep()
  expect((await b.batches.snapshot()).tombstones).toHaveLength(1)
  await b.sweepLater()
  expect((await b.batches.snapshot()).tombstones).toEqual([])
  await b.measure()
  await b.run(T0 + 10 * HOUR + 1)
  await b.measure()
  expect(await b.list()).toMatchObject([{ state: 'done', diff: undefined }])
})
