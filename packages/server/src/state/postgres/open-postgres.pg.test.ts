import { sql } from 'drizzle-orm'
import { describe, expect, test } from 'vitest'
import { openTestApi } from '../../api/testing/open-test-api.ts'
import { type Fault, faultIn } from '../../lib/fault.ts'
import type { State } from '../database.ts'
import { Modules } from '../modules.ts'
import { hasPostgres, openProxiedDatabase } from '../testing/open-test-postgres.ts'
import { openPostgres } from './open-postgres.ts'

const TESTER = { who: 'tester' }
const KILL_ALL = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
  WHERE datname = current_database() AND pid <> pg_backend_pid()`
const COUNT = `SELECT count(*)::int AS n FROM pg_stat_activity
  WHERE datname = current_database() AND pid <> pg_backend_pid()`

const one = ({ db }: State) => db.execute(sql`SELECT 1 AS one`)
const faultOf = (promise: PromiseLike<unknown>): PromiseLike<Fault | undefined> =>
  promise.then(
    () => undefined,
    (error: unknown) => {
      const fault = faultIn(error)
      if (!fault) throw error
      return fault
    },
  )
const codeOf = async (promise: PromiseLike<unknown>) => (await faultOf(promise))?.code ?? 'answered'

describe.skipIf(!(await hasPostgres()))('a pool of connections to PostgreSQL', () => {
  test('takes no more connections than it may, whatever is asked at the same time', async () => {
    await using database = await openProxiedDatabase()
    await using state = await openPostgres({ url: database.url, poolSize: 3 })
    const over = new AbortController()
    const asked = Promise.all(Array.from({ length: 20 }, () => state.db.execute(sql`SELECT pg_sleep(0.05)`)))
    void asked.finally(() => over.abort())
    const counts: number[] = []
    while (!over.signal.aborted) counts.push(Number((await database.ask(COUNT))[0]!['n']))
    await asked
    expect(Math.max(...counts)).toBe(3)
  })

  test('replaces connections that the server ended while nobody used them, and the process lives on', async () => {
    await using database = await openProxiedDatabase()
    const broken: Error[] = []
    await using state = await openPostgres({ url: database.url, poolSize: 3, onError: (error) => broken.push(error) })
    for (let round = 1; round <= 3; round++) {
      await Promise.all([one(state), one(state), one(state)])
      await database.ask(KILL_ALL)
      await expect.poll(() => broken.length).toBe(round * 3)
      for (const error of broken) expect(Object.keys(error)).not.toContain('client')
      expect(await one(state)).toMatchObject({ rows: [{ one: 1 }] })
    }
  })

  test('fails a transaction whose connection breaks half-way, whole, and loses no place in the pool by it', async () => {
    await using database = await openProxiedDatabase()
    await using state = await openPostgres({ url: database.url, poolSize: 2 })
    for (let round = 0; round < 5; round++) {
      const half = state.db.transaction(async (tx) => {
        await tx.execute(sql`INSERT INTO modules_state (name, state) VALUES ('half', true)`)
        // Between two statements, when nothing is waited for on the connection.
        await database.ask(KILL_ALL)
        await expect.poll(async () => (await database.ask(COUNT))[0]!['n']).toBe(0)
        await tx.execute(sql`INSERT INTO modules_state (name, state) VALUES ('other half', true)`)
      })
      expect(await codeOf(half)).toBe('state.unavailable')
    }
    expect(await new Modules(state.db).all()).toEqual(new Map())
    await new Modules(state.db).set('hashmap', { enabled: true }, TESTER)
  })

  test('loses no place when connections turn out to be dead as a transaction begins', async () => {
    await using database = await openProxiedDatabase()
    await using state = await openPostgres({ url: database.url, poolSize: 2, timeouts: { connectMs: 2000 } })
    const change = () => state.db.transaction((tx) => tx.execute(sql`SELECT 1`))
    for (let round = 0; round < 6; round++) {
      await Promise.all([change(), change()])
      // In the same instant, before anybody could notice.
      database.proxy.reset()
      const codes = await Promise.all([codeOf(change()), codeOf(change())])
      expect(['answered', 'state.unavailable']).toEqual(expect.arrayContaining(codes))
    }
    expect(await codeOf(change())).toBe('answered')
  })

  test('tells that the server is away as long as it is, and works when it is back', async () => {
    await using database = await openProxiedDatabase()
    await using state = await openPostgres({ url: database.url })
    await using api = await openTestApi({ state: { db: state.db, [Symbol.asyncDispose]: async () => {} } })
    await new Modules(state.db).set('hashmap', { enabled: true }, TESTER)
    expect(await api.call('GET', '/v2/rating/modules/hashmap')).toMatchObject({ status: 200 })

    await database.proxy.set('refuse')
    for (const path of ['/v2/rating/modules/hashmap', '/v2/scope', '/v2/summary']) {
      const { status, json, headers } = await api.call('GET', path)
      expect({ path, status, json }).toEqual({
        path,
        status: 503,
        json: { message: 'The state database cannot be asked at the moment.' },
      })
      expect(headers.get('retry-after')).toBe('5')
    }
    const fault = await faultOf(one(state))
    expect(fault?.message).toMatch(/does not answer \(.+\).+\[state\] url/)

    await database.proxy.lift()
    expect(await api.call('GET', '/v2/rating/modules/hashmap')).toMatchObject({ status: 200 })
  })

  test('gives up a connection that has fallen silent', async () => {
    await using database = await openProxiedDatabase()
    await using state = await openPostgres({ url: database.url, poolSize: 1, timeouts: { statementMs: 300 } })
    await one(state)
    await database.proxy.set('stall')
    expect(await codeOf(one(state))).toBe('state.unavailable')
    await database.proxy.lift()
    expect(await codeOf(one(state))).toBe('answered')
    expect(await codeOf(state.db.execute(sql`SELECT pg_sleep(60)`))).toBe('state.unavailable')
    expect(await codeOf(one(state))).toBe('answered')
  })

  test('takes the locks from a process that is paused in the middle of a transaction', async () => {
    await using database = await openProxiedDatabase()
    await using paused = await openPostgres({ url: database.url, timeouts: { idleInTransactionMs: 1000 } })
    await using other = await openPostgres({ url: database.url })
    const count = (db: State['db']) => db.execute(sql`UPDATE batch_counter SET value = value + 1`)
    const late = paused.db.transaction(async (tx) => {
      await count(tx)
      await count(other.db)
      await count(tx)
    })
    expect(await codeOf(late)).toBe('state.unavailable')
    expect(await other.db.execute(sql`SELECT value FROM batch_counter`)).toMatchObject({ rows: [{ value: '1' }] })
  })

  test('says at the start which server cannot be used, and never a password', async () => {
    await using database = await openProxiedDatabase()
    await database.proxy.set('refuse')
    const url = database.url.replace('postgres@', 'postgres:sesame@')
    const fault = await faultOf(openPostgres({ url }))
    expect(fault?.code).toBe('state.unavailable')
    expect(fault?.message).toContain(new URL(database.url).host)
    expect(JSON.stringify([fault?.message, fault?.detail])).not.toContain('sesame')
  })
})
