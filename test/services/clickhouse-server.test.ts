import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { type ClickHouseClient, ClickHouseError, ClickHouseLogLevel, createClient as create } from '@clickhouse/client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { whyNoChdb } from '../../packages/server/src/storage/testing/chdb.ts'
import { type StartedClickHouse, startClickHouse } from '../../packages/server/src/storage/testing/test-clickhouse.ts'

type Options = NonNullable<Parameters<typeof create>[0]>

/** Failures are wanted here, and need no log. */
const createClient = (options: Options): ClickHouseClient =>
  create({ ...options, log: { level: ClickHouseLogLevel.OFF } })

let dir: string
let server: StartedClickHouse
let client: ClickHouseClient

const missing = whyNoChdb()

describe.skipIf(missing !== undefined)(`ClickHouse for tests${missing ? ` (skipped: ${missing})` : ''}`, () => {
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'clickhouse-server-'))
    server = await startClickHouse(dir)
    client = createClient({ url: server.url })
    await client.command({ query: 'CREATE DATABASE shop' })
    await client.command({
      query: `CREATE TABLE shop.sold (id UInt64, name String) ENGINE = MergeTree ORDER BY id
              SETTINGS non_replicated_deduplication_window = 100`,
    })
  })

  afterAll(async () => {
    await client.close()
    await server[Symbol.asyncDispose]()
    await rm(dir, { recursive: true, force: true })
  })

  async function rowsOf(
    query: string,
    more: Partial<Parameters<ClickHouseClient['query']>[0]> = {},
  ): Promise<unknown[]> {
    const result = await client.query({ ...more, query, format: 'JSONCompactEachRow' })
    return result.json()
  }

  test('an insert that is tried again with its token counts once', async () => {
    const values = [
      { id: 1, name: `it's "ü"; a\tb\\` },
      { id: 2, name: '' },
    ]
    const insert = { table: 'shop.sold', values, format: 'JSONEachRow' } as const
    for (let attempt = 0; attempt < 3; attempt++) {
      const clickhouse_settings = { insert_deduplication_token: 'batch 1' }
      const { summary } = await client.insert({ ...insert, clickhouse_settings })
      expect(summary?.written_rows).toBe('2')
    }
    expect(await rowsOf('SELECT id, name FROM shop.sold ORDER BY id')).toEqual(values.map(({ id, name }) => [id, name]))
  })

  test('rows may stand in the statement, in the URL as in the body', async () => {
    await client.command({ query: 'CREATE TABLE shop.few (n UInt8) ENGINE = MergeTree ORDER BY n' })
    await client.command({ query: 'INSERT INTO shop.few VALUES (1), (2)' })
    const inUrl = encodeURIComponent('INSERT INTO shop.few SELECT n + 2 FROM shop.few')
    expect((await fetch(`${server.url}/?query=${inUrl}`, { method: 'POST' })).status).toBe(200)
    expect(await rowsOf('SELECT n FROM shop.few ORDER BY n')).toEqual([[1], [2], [3], [4]])
  })

  test('parameters are values whatever they hold, in the URL and as a form', async () => {
    const query_params = { text: `it's\t"ü"\n\\N`, list: [`a'b`, 'c\\'], big: 12345678901234567890n, none: null }
    const query = 'SELECT {text:String}, {list:Array(String)}, toString({big:UInt64}), {none:Nullable(String)}'
    const wanted = [[query_params.text, query_params.list, '12345678901234567890', null]]
    expect(await rowsOf(query, { query_params })).toEqual(wanted)
    expect(await rowsOf(query, { query_params, use_multipart_params: true })).toEqual(wanted)
  })

  test('a refusal has the number, the name and the status that ClickHouse gives it', async () => {
    const unknown = await rowsOf('SELECT * FROM shop.nothing').catch((error: unknown) => error)
    expect(unknown).toBeInstanceOf(ClickHouseError)
    expect(unknown).toMatchObject({ code: '60', type: 'UNKNOWN_TABLE' })
    const ask = async (path: string, body?: string): Promise<[number, string | null, string]> => {
      const answer = await fetch(`${server.url}${path}`, body === undefined ? {} : { method: 'POST', body })
      return [answer.status, answer.headers.get('x-clickhouse-exception-code'), await answer.text()]
    }
    expect(await ask('/', 'SELEC 1')).toEqual([
      400,
      '62',
      expect.stringMatching(/^Code: 62\. DB::Exception: .*SYNTAX_ERROR/),
    ])
    expect(await ask('/', 'SELECT 1; SELECT 2')).toEqual([400, '62', expect.stringContaining('Multi-statements')])
    expect(await ask('/?database=nothing', 'SELECT 1')).toEqual([
      404,
      '81',
      expect.stringContaining('UNKNOWN_DATABASE'),
    ])
    expect(await ask('/?nonsense=1', 'SELECT 1')).toEqual([404, '115', expect.stringContaining('UNKNOWN_SETTING')])
    expect(await ask('/', 'SELECT throwIf(1)')).toEqual([500, '395', expect.anything()])
    expect(await ask('/?query=DROP+TABLE+shop.sold')).toEqual([400, '164', expect.stringContaining('READONLY')])
  })

  test("clients at the same time do not see each other's database, settings and parameters", async () => {
    await Promise.all(
      Array.from({ length: 12 }, async (_, number) => {
        const database = number % 2 === 0 ? 'shop' : 'system'
        const own = createClient({
          url: server.url,
          database,
          clickhouse_settings: { max_block_size: String(1000 + number) },
        })
        for (let i = 0; i < 20; i++) {
          const query = `SELECT currentDatabase(), {x:String}, toUInt32(getSetting('max_block_size'))`
          const result = await own.query({ query, query_params: { x: `${number}/${i}` }, format: 'JSONCompactEachRow' })
          expect(await result.json()).toEqual([[database, `${number}/${i}`, 1000 + number]])
        }
        await own.close()
      }),
    )
  })

  test('rows stream in and out, compressed or not', async () => {
    for (const compressed of [false, true]) {
      const own = createClient({ url: server.url, compression: { request: compressed, response: compressed } })
      await own.command({
        query: 'CREATE OR REPLACE TABLE shop.many (n UInt32, text String) ENGINE = MergeTree ORDER BY n',
      })
      const rows = Readable.from(
        (function* () {
          for (let n = 0; n < 50_000; n++) yield { n, text: `row ${n}` }
        })(),
      )
      await own.insert({ table: 'shop.many', values: rows, format: 'JSONEachRow' })
      const result = await own.query({
        query: 'SELECT n, text FROM shop.many ORDER BY n',
        format: 'JSONCompactEachRow',
      })
      let n = 0
      for await (const some of result.stream<[number, string]>())
        for (const row of some) if (row.text === `[${n}, "row ${n}"]`) n++
      expect(n).toBe(50_000)
      await own.close()
    }
  })

  test('an answer that fails in the middle is cut off, and later ones are whole', async () => {
    const query = 'SELECT number, throwIf(number = 3000000) FROM numbers(4000000)'
    const result = await client.query({
      query,
      format: 'JSONCompactEachRow',
      clickhouse_settings: { wait_end_of_query: 0 },
    })
    await expect(result.text()).rejects.toThrow(/aborted|closed|reset|hang up/i)
    expect(await rowsOf('SELECT 1')).toEqual([[1]])
  })

  test('a session keeps its temporary tables', async () => {
    const session_id = 'mine'
    await client.command({ query: 'CREATE TEMPORARY TABLE seen (n UInt8)', session_id })
    await client.insert({ table: 'seen', values: [{ n: 7 }], format: 'JSONEachRow', session_id })
    expect(await rowsOf('SELECT n FROM seen', { session_id })).toEqual([[7]])
    await expect(rowsOf('SELECT n FROM seen')).rejects.toMatchObject({ code: '60' })
  })

  test('what was acknowledged survives a kill', async () => {
    await client.command({ query: 'CREATE TABLE shop.kept (n UInt32) ENGINE = MergeTree ORDER BY n' })
    for (let n = 0; n < 20; n++)
      await client.insert({ table: 'shop.kept', values: [[n]], format: 'JSONCompactEachRow' })
    await server.kill()
    await client.close()
    server = await startClickHouse(dir)
    client = createClient({ url: server.url })
    expect((await client.ping()).success).toBe(true)
    expect(await rowsOf('SELECT count(), sum(n) FROM shop.kept')).toEqual([[20, 190]])
  })
})
