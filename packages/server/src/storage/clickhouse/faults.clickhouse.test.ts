import { randomUUID } from 'node:crypto'
import { createClient } from '@clickhouse/client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Tombstone } from '../../domain/snapshot.ts'
import { deadUrl } from '../../lib/testing/serve-http.ts'
import { type Place, TcpProxy } from '../../lib/testing/tcp-proxy.ts'
import { faultIn } from '../../lib/fault.ts'
import { groupingBy } from '../grouping.ts'
import type { PointStore } from '../point-store.ts'
import type { Bounds } from './clickhouse-database.ts'
import { interruptionContract } from '../point-store-contract.ts'
import { whyNoClickHouse } from '../testing/test-clickhouse.ts'
import { DAY, EVERYTHING, HOUR, JUNE, point, query, sample, series, table } from '../testing/points.ts'
import { makeEndless } from './testing/make-endless.ts'
import { type WireStores, wireStores } from './testing/wire-stores.ts'

const missing = whyNoClickHouse()
const because = missing ? ` (skipped: ${missing})` : ''

let stores: WireStores
const SOON = [10, 10, 10, 10]
const never = new AbortController().signal

/** To the server; breaks connections where `placeOf` says for a request as `POST /?query=INSERT INTO ...`. */
function wire(placeOf: (request: string) => Place | undefined): Promise<TcpProxy> {
  return TcpProxy.start(stores.url, {
    placeOf(question) {
      const line = /^(?:POST|GET) .*?(?= HTTP\/)/.exec(question.toString('latin1'))?.[0]
      return line === undefined ? undefined : placeOf(decodeURIComponent(line.replaceAll('+', ' ')))
    },
  })
}

describe.skipIf(missing !== undefined)(`ClickHouse on the wire${because}`, () => {
  beforeAll(async () => {
    stores = await wireStores()
  })
  afterAll(() => stores[Symbol.asyncDispose]())

  describe('what is sent again is not there twice', () => {
    /** Breaks the first `times` requests of each kind that matches. */
    const first = (times: number, place: Place, what: RegExp) => {
      const seen = new Map<string, number>()
      return (request: string): Place | undefined => {
        const kind = what.exec(request)?.[0]
        if (kind === undefined) return undefined
        seen.set(kind, (seen.get(kind) ?? 0) + 1)
        return seen.get(kind)! <= times ? place : undefined
      }
    }
    const points = Array.from({ length: 3000 }, (_, i) =>
      point(series({ groupby: { id: `vm-${i % 100}` } }), { begin: JUNE - 40 * DAY + i * HOUR, quantity: '0.1' }),
    )
    const samples = Array.from({ length: 500 }, (_, i) => sample('cpu', JUNE + i, '1', { project_id: `p${i % 7}` }))
    const sumOf = async (store: PointStore) =>
      table(await store.total(query({ begin: 0, end: JUNE + 400 * DAY }), EVERYTHING))

    test.each<[string, number, Place]>([
      ['the answer to an insertion is lost', 1, 'answer'],
      ['the answers to an insertion are lost again and again', 3, 'answer'],
      ['an insertion is cut in the middle', 1, 'question'],
      ['an insertion is cut in the middle again and again', 3, 'question'],
    ])('when %s', async (_name, times, place) => {
      await using proxy = await wire(first(times, place, /INSERT INTO \S+/))
      await using store = await stores.open({ url: proxy.url, waitsMs: SOON })
      await store.write(1, points)
      await store.write(1, points)
      await store.writeSamples(1, samples)
      expect(proxy.cuts).toBeGreaterThanOrEqual(5 * times)
      expect(await sumOf(store)).toEqual([['600', '0']])
      expect((await store.retrieve(query({ begin: 0, limit: 1 }), EVERYTHING)).total).toBeGreaterThan(0)
      const periods = [{ begin: JUNE, end: JUNE + 500 }]
      const asked = { name: 'cpu', method: 'sum', labels: [], scopeKey: 'project_id', periods } as const
      const [all] = await store.readSamples(
        { ...asked, scopes: [0, 1, 2, 3, 4, 5, 6].map((i) => `p${i}`) },
        EVERYTHING,
        never,
      )
      expect(String(all?.value)).toBe('500')
    })

    test.each<Place>(['answer', 'question'])('when deletions are cut amid the %s', async (place) => {
      await using proxy = await wire(first(1, place, /lightweight_deletes_sync/))
      await using store = await stores.open({ url: proxy.url, waitsMs: SOON })
      await store.write(1, points)
      await store.write(2, points.slice(0, 10))
      await store.deleteBatches([1])
      await store.deleteTombstones([{ scopeId: 'alpha', begin: points[5]!.begin, end: undefined, upTo: 2 }])
      expect(await sumOf(store)).toEqual([['0.5', '0']])
      expect(proxy.cuts).toBe(1)
    })

    test('when questions are cut', async () => {
      await using proxy = await wire(first(2, 'answer', /cancel_http_readonly/))
      await using store = await stores.open({ url: proxy.url, waitsMs: SOON })
      await store.write(1, points)
      expect(await sumOf(store)).toEqual([['300', '0']])
      expect(proxy.cuts).toBe(2)
    })
  })

  test.each(['series', 'attributes', 'points'])(
    'what is written again after an insertion into %s has failed is found by its attributes, whoever writes it',
    async (kind) => {
      let isCut = false
      const into = new RegExp(`INSERT INTO \\S+\\b${kind}\\b`)
      await using proxy = await wire((request) => (isCut && into.test(request) ? 'question' : undefined))
      const database = `cloudtabby_test_${randomUUID().replaceAll('-', '')}`
      await using store = await stores.open({ url: proxy.url, waitsMs: SOON, database })
      const points = [point(series({ groupby: { id: 'vm-1' } }))]
      isCut = true
      await expect(store.write(1, points)).rejects.toMatchObject({ code: 'storage.unavailable' })
      isCut = false
      await using another = await stores.open({ waitsMs: SOON, database })
      await another.write(2, points)
      const filter = query({ attributes: new Map([['id', ['vm-1']]]), groupby: [groupingBy('id')] })
      const seen = table(await another.total(filter, { ...EVERYTHING, hidden: [1] }))
      expect(seen).toEqual([['vm-1', '1', '0']])
    },
  )

  describe('a fault says what to do', () => {
    test('nobody answers', async () => {
      await expect(stores.open({ url: await deadUrl(), waitsMs: SOON })).rejects.toMatchObject({
        code: 'storage.unavailable',
        message: expect.stringMatching(
          /^cannot reach ClickHouse at http:\S+: .*; start it, or mend \[storage_clickhouse\] url$/,
        ),
        retryAfterSeconds: 5,
      })
    })

    test('the answers to writing are lost for good: what was written stays unseen until it is deleted', async () => {
      let isCut = false
      await using proxy = await wire((request) => (isCut && request.includes('INSERT') ? 'answer' : undefined))
      await using store = await stores.open({ url: proxy.url, waitsMs: SOON })
      isCut = true
      await expect(store.write(1, [point(series())])).rejects.toMatchObject({ code: 'storage.unavailable' })
      isCut = false
      await store.write(2, [point(series())])
      const seen = (await store.total(query(), { ...EVERYTHING, hidden: [1] })).rows[0]?.values.map(String)
      expect(seen).toEqual(['1', '0'])
      await store.deleteBatches([1])
      expect(table(await store.total(query(), EVERYTHING))).toEqual([['1', '0']])
    })

    test('a question takes more memory, or longer, than one may, and is not asked again', async () => {
      const many = Array.from({ length: 20_000 }, (_, i) => point(series({ groupby: { id: `vm-${i}` } })))
      const ask = async (bounds: Bounds) => {
        await using store = await stores.open({ bounds, waitsMs: [10, 10] })
        await store.write(1, many)
        const groupby = ['id', 'flavor', 'project_id'].map(groupingBy)
        return faultIn(await store.total(query({ groupby }), EVERYTHING).catch((error: unknown) => error))
      }
      const wanted = {
        code: 'storage.unavailable',
        retryAfterSeconds: 5,
        publicText: expect.stringMatching(/^This question takes more /),
      }
      expect(await ask({ seconds: 60, memoryBytes: 4_000_000 })).toMatchObject(wanted)
      expect(await ask({ seconds: 0.001, memoryBytes: 1024 ** 3 })).toMatchObject(wanted)
      expect(await ask({ seconds: 60, memoryBytes: 1024 ** 3 })).toBeUndefined()
    })

    test('a write is refused, and who pushes is told when to send it again', async () => {
      await using store = await stores.open({ database: `cloudtabby_test_full_${process.pid}`, waitsMs: SOON })
      const client = createClient({ url: stores.url })
      await client.command({ query: `DROP TABLE cloudtabby_test_full_${process.pid}.points` })
      await client.close()
      await expect(store.write(1, [point(series())])).rejects.toMatchObject({
        code: 'storage.write_failed',
        status: 503,
        retryAfterSeconds: 5,
        publicText: expect.not.stringMatching(/ClickHouse|table/),
      })
    })

    test('the address is no address, and it is not told with its password', async () => {
      await expect(stores.open({ url: '127.0.0.1' })).rejects.toMatchObject({ code: 'config.invalid' })
      await expect(stores.open({ url: 'http://user:very-secret@127.0.0.1:1', waitsMs: [] })).rejects.not.toThrow(
        /very-secret/,
      )
    })
  })

  interruptionContract('ClickHouse on the wire', () => makeEndless('points', () => ({ url: stores.url })))

  test('a store is opened by many at once', async () => {
    const database = `cloudtabby_test_many_${process.pid}_${Date.now()}`
    const opened = await Promise.all(Array.from({ length: 8 }, () => stores.open({ database })))
    await Promise.all(opened.map((store, i) => store.write(i + 1, [point(series())])))
    for (const store of opened) expect(table(await store.total(query(), EVERYTHING))).toEqual([['8', '0']])
    for (const store of opened) await store[Symbol.asyncDispose]()
  })

  test('thousands of hidden batches and tombstones are asked with, and deleted', async () => {
    await using store = await stores.open()
    const scopes = Array.from({ length: 2000 }, (_, i) => `project-with-a-long-name-as-uuids-have-${i}`)
    const batches = [1, 2, 3, 4]
    for (const batch of batches) {
      await store.write(
        batch,
        scopes.map((scopeId, i) => point(series({ scopeId }), { begin: JUNE + (i % 5) * HOUR })),
      )
    }
    const hidden = [...Array.from({ length: 20_000 }, (_, i) => 1000 + i), 4]
    const tombstones: Tombstone[] = scopes.map((scopeId, i) => ({
      scopeId,
      begin: JUNE,
      end: i % 2 === 0 ? undefined : JUNE + 3 * HOUR + i,
      upTo: 2,
    }))
    const snapshot = { ...EVERYTHING, hidden, tombstones }
    // Batch 3 shows; of 1 and 2, odd scopes at the third hour if they end before it, and at the fourth.
    const left = scopes.filter((_, i) => i % 2 === 1 && JUNE + (i % 5) * HOUR >= JUNE + 3 * HOUR + i).length
    const wanted = [[String(2000 + 2 * left), '0']]
    expect(table(await store.total(query(), snapshot))).toEqual(wanted)
    expect((await store.retrieve(query({ limit: 10 }), snapshot)).total).toBe(2000 + 2 * left)
    await store.deleteTombstones(tombstones.slice(0, 150))
    await store.deleteBatches(hidden.slice(-150))
    expect(table(await store.total(query(), snapshot))).toEqual(wanted)
    const names = { ...query(), attributes: new Map([['project_id', scopes]]) }
    expect(table(await store.total(names, snapshot))).toEqual(wanted)
  })

  test('a stream ends when its signal fires, and its points are of one state', async () => {
    await using store = await stores.open()
    const of = Array.from({ length: 200 }, (_, i) => series({ groupby: { id: `vm-${i}` } }))
    const hours = (from: number, to: number) =>
      of.flatMap((each) =>
        Array.from({ length: to - from }, (_, i) => point(each, { begin: JUNE + (from + i) * HOUR })),
      )
    await store.write(1, hours(0, 200))
    let count = 0
    for await (const points of store.stream(query(), EVERYTHING)) {
      if (count === 0) {
        await store.write(2, hours(200, 300))
        await store.deleteBatches([1])
      }
      count += points.length
    }
    expect(count).toBe(40_000)
    const leaving = new AbortController()
    const reading = (async () => {
      for await (const _ of store.stream(query(), EVERYTHING, leaving.signal)) leaving.abort(new Error('enough'))
    })()
    await expect(reading).rejects.toThrow('enough')
  })

  test('what a newer version has made is refused', async () => {
    await using store = await stores.open({ database: `cloudtabby_test_newer_${process.pid}` })
    await store.write(1, [point(series())])
    const client = createClient({ url: stores.url })
    await client.command({ query: `INSERT INTO cloudtabby_test_newer_${process.pid}.schema_version SELECT 99` })
    await client.close()
    await expect(stores.open({ database: `cloudtabby_test_newer_${process.pid}` })).rejects.toMatchObject({
      code: 'storage.newer_version',
    })
  })
})
