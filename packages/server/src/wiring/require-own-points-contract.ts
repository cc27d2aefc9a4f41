import { asc, sql } from 'drizzle-orm'
import { pino } from 'pino'
import { expect, test } from 'vitest'
import { type Instant, toDate, toInstant } from '../domain/period.ts'
import { Batches } from '../state/batches.ts'
import type { State } from '../state/database.ts'
import { markLost } from '../state/mark-lost.ts'
import { readPointsHome } from '../state/points-home.ts'
import { readLedger, trimLedger } from '../state/points-ledger.ts'
import { pointsHome, pointsLedger, scopes, sweptTombstones, tombstones } from '../state/schema.ts'
import type { PointStore } from '../storage/point-store.ts'
import { EVERYTHING, HOUR, JUNE, point, query, series, table } from '../storage/testing/points.ts'
import { requireOwnPoints } from './require-own-points.ts'

interface Opened extends AsyncDisposable {
  readonly state: State
  /** Connections as of other processes. */
  readonly others: readonly State['db'][]
  readonly store: PointStore
}

/** What a start does about its points store, on any pair of stores. */
export function ownPointsContract(open: () => Promise<Opened>): void {
  const log = pino({ level: 'silent' })

  async function bench() {
    const opened = await open()
    const { db } = opened.state
    const { store } = opened
    const batches = new Batches(db, { owner: 'test', leaseSeconds: 60 })
    return {
      ...opened,
      db,
      batches,
      require: (of = db, own = store) =>
        requireOwnPoints({
          db: of,
          batches: new Batches(of, { owner: 'test', leaseSeconds: 60 }),
          store: own,
          log,
          scopeKey: 'project_id',
          where: 'here',
        }),
      /** A batch that counts, with a point of each scope at this instant. */
      async rate(at: Instant, ids: readonly string[] = ['a', 'b']) {
        const batch = await batches.begin('pushed')
        const points = ids.map((scopeId) => point(series({ scopeId }), { begin: at }))
        await store.write(batch, points)
        await batches.commit(batch, { rows: { points: points.length } })
        return batch
      },
      async scope(identifier: string, ratedUpTo: Instant) {
        await db.insert(scopes).values({
          identifier,
          scopeKey: 'project_id',
          fetcher: 'x',
          collector: 'x',
          lastProcessed: toDate(ratedUpTo - HOUR),
          nextBegin: toDate(ratedUpTo),
        })
      },
      ratedFrom: async () =>
        (await db.select().from(scopes).orderBy(asc(scopes.identifier))).map(({ identifier, ratedFrom }) => [
          identifier,
          ratedFrom && toInstant(ratedFrom),
        ]),
      [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
    }
  }

  test('an installation of a version that noted nothing takes its store, and learns from when on its scopes were rated', async () => {
    await using b = await bench()
    for (const hour of [3, 4, 5]) await b.rate(JUNE + hour * HOUR, hour === 3 ? ['a'] : ['a', 'b'])
    for (const id of ['a', 'b', 'empty']) await b.scope(id, JUNE + 6 * HOUR)
    await b.db.delete(pointsLedger)
    expect(await readPointsHome(b.db)).toBeUndefined()
    await b.require(b.db, unnoted(b.store))
    expect(await readPointsHome(b.db)).toEqual({ identity: await b.store.identity(), complete: true })
    expect(await b.ratedFrom()).toEqual([
      ['a', JUNE + 3 * HOUR],
      ['b', JUNE + 4 * HOUR],
      ['empty', null],
    ])
    // From then on it is held against what is noted.
    const batch = await b.rate(JUNE + 6 * HOUR)
    await b.require()
    await b.store.deleteBatchesAbove(batch - 1)
    await expect(b.require()).rejects.toMatchObject({ code: 'points.older_than_state', detail: { lacks: 1 } })
  })

  test('state that came later than the notes of its store does not know all that a copy of it may lack', async () => {
    await using b = await bench()
    await b.rate(JUNE)
    await b.require()
    expect((await readPointsHome(b.db))?.complete).toBe(false)
  })

  test('processes that start at once agree on one store', async () => {
    await using b = await bench()
    await b.rate(JUNE)
    await b.scope('a', JUNE + HOUR)
    await Promise.all([b.db, ...b.others, b.db, ...b.others].map((db) => b.require(db)))
    expect(await b.db.select().from(pointsHome)).toHaveLength(1)
    expect((await readPointsHome(b.db))?.identity).toBe(await b.store.identity())
    expect(await b.ratedFrom()).toEqual([['a', JUNE]])
  })

  test('old batches are forgotten but for the newest thousand, and it is noted that not all are known any more', async () => {
    await using b = await bench()
    await b.require()
    await b.db.update(pointsHome).set({ complete: true })
    const insert = (count: number, age: string) =>
      b.db.execute(sql`INSERT INTO ${pointsLedger} (batch, kind, points, samples, at)
        SELECT i, 'pushed', 1, 0, now() - ${age}::interval FROM generate_series(1, ${count}::int) i`)
    await insert(990, '4 days')
    await b.db.transaction(trimLedger)
    expect(await readLedger(b.db)).toHaveLength(990)
    expect((await readPointsHome(b.db))?.complete).toBe(true)
    await insert(500, '1 hour')
    await b.db.transaction(trimLedger)
    const left = await readLedger(b.db)
    // The newest, those a thousand before it, and whatever is young.
    expect(left).toHaveLength(1001)
    expect(left[0]?.batch).toBe(490)
    expect((await readPointsHome(b.db))?.complete).toBe(false)
    await insert(21_000, '1 hour')
    await b.db.transaction(trimLedger)
    expect(await readLedger(b.db)).toHaveLength(20_001)
  })

  test('what was swept of late is void again when points are lost, since the copy that is there may have it', async () => {
    await using b = await bench()
    const batch = await b.rate(JUNE)
    const lost = await b.rate(JUNE + HOUR)
    const old = { scopeId: 'a', begin: toDate(JUNE), end: toDate(JUNE + HOUR), upTo: batch }
    const [void_] = await b.db
      .insert(tombstones)
      .values({ ...old, createdAt: sql`now() - interval '1 hour'` })
      .returning()
    const sweepable = await b.batches.sweepable()
    expect(sweepable.tombstones).toMatchObject([{ id: void_!.id, scopeId: 'a' }])
    // The store is a copy from before: nothing is deleted from it.
    await b.batches.swept(sweepable)
    const seen = async () => table(await b.store.total(query(), await b.batches.snapshot()))
    expect(await b.db.select().from(tombstones)).toEqual([])
    expect(await seen()).toEqual([['4', '0']])
    await b.store.deleteBatches([lost])
    const rolledBack = new Error('in the middle')
    await expect(
      b.db.transaction(async (tx) => {
        await markLost(tx, new Set([lost]), { periodSeconds: HOUR })
        throw rolledBack
      }),
    ).rejects.toBe(rolledBack)
    expect(await b.db.select().from(sweptTombstones)).toHaveLength(1)
    expect(await b.db.select().from(tombstones)).toEqual([])
    const marked = await b.db.transaction((tx) => markLost(tx, new Set([lost]), { periodSeconds: HOUR }))
    expect(marked.toSend).toMatchObject([{ batch: lost, rows: '2 points' }])
    expect(await b.db.select().from(tombstones)).toMatchObject([old])
    expect(await b.db.select().from(sweptTombstones)).toEqual([])
    expect((await readLedger(b.db)).map((entry) => entry.batch)).toEqual([batch])
    expect(await seen()).toEqual([['1', '0']])
    expect((await b.store.total(query(), EVERYTHING)).total).toBe(1)
  })

  test('what was swept longer ago than batches are remembered is forgotten', async () => {
    await using b = await bench()
    const swept = (id: number, age: string) =>
      b.db.execute(sql`INSERT INTO ${sweptTombstones} (id, scope_id, "begin", up_to, swept_at)
        VALUES (${id}, 'a', now(), 1, now() - ${age}::interval)`)
    await swept(1, '4 days')
    await swept(2, '2 days')
    await b.db.transaction(trimLedger)
    expect((await b.db.select().from(sweptTombstones)).map(({ id }) => id)).toEqual([2])
  })
}

/** The store as a version has left it that noted nothing of what was written. */
function unnoted(store: PointStore): PointStore {
  return new Proxy(store, {
    get(target, name) {
      if (name === 'written') return () => Promise.resolve(new Map())
      const member: unknown = Reflect.get(target, name, target)
      return typeof member === 'function'
        ? (...args: unknown[]): unknown => Reflect.apply(member, target, args)
        : member
    },
  })
}
