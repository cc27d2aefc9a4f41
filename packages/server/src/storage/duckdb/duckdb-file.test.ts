import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, readdir, readlink, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { DuckDBInstance } from '@duckdb/node-api'
import { expect, test } from 'vitest'
import { Decimal } from '../../domain/decimal.ts'
import type { Point } from '../../domain/point.ts'
import { attributeText } from '../../domain/series.ts'
import { temporaryFolder } from '../../lib/testing/temporary-folder.ts'
import { NO_EVENTS } from '../events.ts'
import type { PointStore } from '../point-store.ts'
import { fileSizeLimit, smallDisk } from '../testing/full-disk.ts'
import { EVERYTHING, HOUR, JUNE, point, query, sample, series, table } from '../testing/points.ts'
import { openDuckDBStore } from './open-duckdb-store.ts'

/** Points that no compression shortens: some 90 bytes each in the log. */
function bulky(count: number): Point[] {
  const of = series()
  const random = () => BigInt(Math.floor(Math.random() * 2 ** 53))
  return Array.from({ length: count }, () => {
    const begin = JUNE + Math.floor(Math.random() * 30 * 24 * HOUR)
    const quantity = new Decimal(random() * 987_654_321n, 18)
    const price = new Decimal(random() * random() * 321n, 18)
    return { series: of, begin, end: begin + HOUR, quantity, price, rules: [] }
  })
}

async function count(store: PointStore): Promise<number> {
  return (await store.retrieve(query({ limit: 0 }), EVERYTHING)).total
}

test('a store is there again after closing, and numbers go on', async () => {
  await using folder = await temporaryFolder()
  const path = join(folder.path, 'not', 'there', 'yet', 'points.duckdb')
  const seen = async (store: PointStore) =>
    table(await store.total(query({ groupby: [{ by: 'attribute', name: 'id' }] }), EVERYTHING))
  const vm = (id: string) => series({ groupby: { id } })
  {
    await using store = await openDuckDBStore({ path })
    await store.write(1, [point(vm('a'), { price: '1e-18', rules: ['x'] }), point(vm('b'), { price: '99999999999.5' })])
    await store.writeSamples(1, [sample('cpu', JUNE, '1', { id: 'a' })])
  }
  await using store = await openDuckDBStore({ path })
  await store.write(2, [point(vm('c'), { rules: ['y'] }), point(vm('a'), { rules: ['x'] })])
  await store.writeSamples(2, [sample('cpu', JUNE, '1', { id: 'b' }), sample('cpu', JUNE, '1', { id: 'a' })])
  expect(await seen(store)).toEqual([
    ['a', '2', '0.000000000000000001'],
    ['b', '1', '99999999999.5'],
    ['c', '1', '0'],
  ])
  const { points } = await store.retrieve(query(), EVERYTHING)
  expect(
    points.map(({ series, rules }) => [attributeText(series.groupby['id']), ...rules].join(' ')).toSorted(),
  ).toEqual(['a x', 'a x', 'b', 'c y'])
  expect(await store.sampleScopes('id', EVERYTHING, new AbortController().signal)).toEqual(['a', 'b'])
})

test('a process that was killed leaves what it had committed', async () => {
  await using folder = await temporaryFolder()
  const path = join(folder.path, 'points.duckdb')
  {
    await using store = await openDuckDBStore({ path })
    await store.write(1, [point(series())])
  }
  const child = spawn(process.execPath, ['-e', CRASH, path], { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(child.stdout, 'data')
  child.kill('SIGKILL')
  await once(child, 'exit')
  await using store = await openDuckDBStore({ path })
  expect(await count(store)).toBe(2)
})

/** Commits a copy of a point, begins to write another one, says so, and waits for its end. */
const CRASH = `(async () => {
  const { DuckDBInstance } = await import('@duckdb/node-api')
  const connection = await (await DuckDBInstance.create(process.argv[1])).connect()
  await connection.run('INSERT INTO points FROM points')
  await connection.run('BEGIN')
  await connection.run('INSERT INTO points FROM points')
  console.log('ready')
  setInterval(() => {}, 1000)
})()`

test('another process that has the file is named by its pid', async () => {
  await using folder = await temporaryFolder()
  const path = join(folder.path, 'points.duckdb')
  const child = spawn(process.execPath, ['-e', HOLD, path], { stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    await once(child.stdout, 'data')
    await expect(openDuckDBStore({ path })).rejects.toMatchObject({
      code: 'state.locked',
      message: `another cloudtabbyd (pid ${child.pid}) uses ${path}; stop it or use its API`,
      detail: { path, pid: child.pid },
    })
  } finally {
    child.kill('SIGKILL')
  }
})

const HOLD = `(async () => {
  const { DuckDBInstance } = await import('@duckdb/node-api')
  globalThis.held = await DuckDBInstance.create(process.argv[1])
  console.log('ready')
  setInterval(() => {}, 1000)
})()`

test('one process cannot open a file twice, by whatever name, but again once it is closed', async () => {
  await using folder = await temporaryFolder()
  const path = join(folder.path, 'points.duckdb')
  const alias = join(folder.path, 'alias')
  await symlink(folder.path, alias)
  {
    await using store = await openDuckDBStore({ path })
    for (const same of [path, join(alias, 'points.duckdb')]) {
      await expect(openDuckDBStore({ path: same })).rejects.toMatchObject({ code: 'state.locked' })
    }
    expect(await count(store)).toBe(0)
  }
  await using store = await openDuckDBStore({ path })
  expect(await count(store)).toBe(0)
})

test('what cannot be a store is refused with its path', async () => {
  await using folder = await temporaryFolder()
  const file = join(folder.path, 'file')
  await writeFile(file, 'this is not a database, however long one reads '.repeat(1000))
  await mkdir(join(folder.path, 'folder.duckdb'))
  for (const path of [file, join(file, 'points.duckdb'), join(folder.path, 'folder.duckdb')]) {
    const refused = openDuckDBStore({ path })
    await expect(refused).rejects.toMatchObject({ code: 'state.unwritable', detail: { path } })
    await expect(refused).rejects.toThrow(path)
  }
})

test('a file of a newer version is refused and left alone', async () => {
  await using folder = await temporaryFolder()
  const path = join(folder.path, 'points.duckdb')
  await (await openDuckDBStore({ path }))[Symbol.asyncDispose]()
  const instance = await DuckDBInstance.create(path)
  const connection = await instance.connect()
  await connection.run('UPDATE schema_version SET version = 1000')
  connection.closeSync()
  instance.closeSync()
  for (let i = 0; i < 2; i++) {
    await expect(openDuckDBStore({ path })).rejects.toMatchObject({
      code: 'storage.newer_version',
      message: expect.stringContaining('has version 1000') as string,
    })
  }
})

test('the view rated_points shows exact decimals to people with a DuckDB shell', async () => {
  await using folder = await temporaryFolder()
  const path = join(folder.path, 'points.duckdb')
  const values = ['0.1', '-0.000000000000000001', '-12345678901234567890.123456789012345678', '1.5']
  {
    await using store = await openDuckDBStore({ path })
    await store.write(
      3,
      values.map((quantity) => point(series(), { quantity, price: quantity, rules: ['r'] })),
    )
  }
  const instance = await DuckDBInstance.create(path)
  const connection = await instance.connect()
  const reader = await connection.runAndReadAll(
    `SELECT batch, begin_at::VARCHAR, scope_id, type, quantity::VARCHAR, price::VARCHAR, rules,
      typeof(quantity) FROM rated_points ORDER BY quantity`,
  )
  expect(reader.getRows()).toEqual(
    [
      '-12345678901234567890.123456789012345678',
      '-0.000000000000000001',
      '0.100000000000000000',
      '1.500000000000000000',
    ].map((text) => [3n, '2026-06-01 00:00:00', 'alpha', 'instance', text, text, '["r"]', 'DECIMAL(38,18)']),
  )
  connection.closeSync()
  instance.closeSync()
})

test('a disk that is full fails the write by the file’s name and leaves nothing of it; with room it goes on', async (ctx) => {
  await using folder = (await smallDisk(6)) ?? ctx.skip('mounting a small disk takes root')
  const path = join(folder.folder, 'points.duckdb')
  await using store = await openDuckDBStore({ path, threads: 1 })
  const points = bulky(5000)
  const written = await writeUntilRefused(store, points, path)
  expect(written).toBeGreaterThan(0)
  expect(await count(store)).toBe(written * points.length)
  // More than one row group: DuckDB writes those before the commit.
  await expect(store.write(900, bulky(250_000))).rejects.toMatchObject({ code: 'storage.write_failed' })
  await expect(
    store.writeSamples(
      901,
      bulky(5000).map(({ quantity }) => ({ name: 'x', at: 0, value: quantity, labels: {} })),
    ),
  ).rejects.toMatchObject({
    code: 'storage.write_failed',
  })
  expect(await count(store)).toBe(written * points.length)
  folder.grow(100)
  await store.write(written + 1, points)
  expect(await count(store)).toBe((written + 1) * points.length)
})

test('a log that cannot be folded into the file is kept; nothing is lost or doubled, and with room it goes on', async (ctx) => {
  await using folder = await temporaryFolder()
  const path = join(folder.path, 'points.duckdb')
  const points = bulky(20_000)
  let written: number
  {
    await using store = await openDuckDBStore({ path, threads: 1 })
    {
      using limit = fileSizeLimit(18_000_000)
      if (!limit) ctx.skip('prlimit is missing')
      written = await writeUntilRefused(store, points, path)
      // The file has reached the limit, and the log went on to its own: a checkpoint has failed on the way.
      expect((await stat(path)).size).toBeGreaterThan(16_000_000)
      expect(await count(store)).toBe(written * points.length)
    }
    await store.write(written + 1, points)
    expect(await count(store)).toBe((written + 1) * points.length)
  }
  await using store = await openDuckDBStore({ path })
  expect(await count(store)).toBe((written + 1) * points.length)
})

/** The number of batches that were written before one was refused, and how it was. */
async function writeUntilRefused(store: PointStore, points: readonly Point[], path: string): Promise<number> {
  for (let batch = 1; batch < 200; batch++) {
    const refused: unknown = await store.write(batch, points).then(
      () => undefined,
      (error: unknown) => error,
    )
    if (refused === undefined) continue
    expect(refused).toMatchObject({
      code: 'storage.write_failed',
      message: expect.stringContaining(path) as string,
      detail: { file: path },
    })
    return batch - 1
  }
  throw new Error('the disk never filled up')
}

test('a query is given up in its middle when its signal fires, and the connection serves the next one', async () => {
  await using store = await openDuckDBStore({ path: ':memory:', threads: 1 })
  await store.write(
    1,
    Array.from({ length: 200_000 }, (_, i) => point(series(), { begin: JUNE + i })),
  )
  const groupby = ['a', 'b', 'c', 'd'].map((name) => ({ by: 'attribute', name }) as const)
  for (let i = 0; i < 10; i++) {
    const controller = new AbortController()
    const slow = store.total(query({ groupby, buckets: { seconds: 1, origin: 0 } }), EVERYTHING, controller.signal)
    for (let turn = 0; turn < i; turn++) await setImmediate()
    controller.abort(new Error('given up'))
    await expect(slow).rejects.toThrow('given up')
    expect(await count(store)).toBe(200_000)
  }
})

test('points beside the grid may have more buckets than fit in their range', async () => {
  await using store = await openDuckDBStore({ path: ':memory:', threads: 1, mostSums: 3 })
  const begins = Array.from({ length: 100 }, (_, i) => JUNE + i)
  await store.write(
    1,
    begins.map((begin) => point(series(), { begin })),
  )
  for (const groupby of [[], [{ by: 'type' } as const]]) {
    const asked = query({ end: JUNE + HOUR, groupby, buckets: { seconds: HOUR, origin: JUNE } })
    expect((await store.total(asked, EVERYTHING)).rows.map(({ begin }) => begin)).toEqual(begins)
  }
})

test('more queries than connections wait for their turn, and those given up leave the queue', async () => {
  await using store = await openDuckDBStore({ path: ':memory:', threads: 1 })
  await store.write(1, [point(series())])
  const controllers = Array.from({ length: 40 }, () => new AbortController())
  const waiting = controllers.map(({ signal }) => store.total(query(), EVERYTHING, signal))
  for (let i = 0; i < 40; i += 2) controllers[i]!.abort(new Error('given up'))
  const settled = await Promise.allSettled(waiting)
  expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(20)
  expect(await count(store)).toBe(1)
})

test('a stream left open does not keep the store from closing', async () => {
  const store = await openDuckDBStore({ path: ':memory:' })
  await store.write(1, bulky(10_000))
  const stream = store.stream(query(), EVERYTHING)[Symbol.asyncIterator]()
  await stream.next()
  await store[Symbol.asyncDispose]()
  await store[Symbol.asyncDispose]()
  await expect(stream.next()).rejects.toMatchObject({ code: 'storage.unavailable' })
  await expect(store.total(query(), EVERYTHING)).rejects.toMatchObject({ code: 'storage.unavailable' })
  await expect(store.write(2, bulky(1))).rejects.toMatchObject({ code: 'storage.unavailable' })
})

test('a stream that nobody reads to its end does not keep a closed file open beside the next store on it', async (ctx) => {
  await using folder = await temporaryFolder()
  const path = join(folder.path, 'points.duckdb')
  const open = async () => {
    const names = await readdir('/proc/self/fd').catch(() => ctx.skip('the system does not tell what is open'))
    const targets = await Promise.all(names.map((name) => readlink(`/proc/self/fd/${name}`).catch(() => '')))
    return targets.filter((target) => target === path).length
  }
  const held: unknown[] = []
  for (let i = 0; i < 3; i++) {
    await using store = await openDuckDBStore({ path })
    await store.write(i, bulky(10_000))
    const stream = store.stream(query(), EVERYTHING)[Symbol.asyncIterator]()
    await stream.next()
    held.push(stream)
    expect(await open()).toBe(1)
  }
})

test('files and folders that it makes are this user’s alone, and so become those that were there', async () => {
  await using folder = await temporaryFolder()
  const path = join(folder.path, 'data', 'points.duckdb')
  const modes = async () => {
    const modeOf = async (name: string) => ((await stat(name)).mode & 0o777).toString(8)
    return Promise.all([join(folder.path, 'data'), path, `${path}.wal`, `${path}.tmp`].map(modeOf))
  }
  const before = process.umask(0o022)
  try {
    {
      await using store = await openDuckDBStore({ path })
      await store.write(1, [point(series())])
      expect(await modes()).toEqual(['700', '600', '600', '700'])
      // Another log begins.
      await store.dropBefore({ points: JUNE + HOUR, samples: 0 })
      await store.write(2, [point(series())])
      expect(await modes()).toEqual(['700', '600', '600', '700'])
    }
    await chmod(join(folder.path, 'data'), 0o755)
    await chmod(path, 0o644)
    await mkdir(`${path}.tmp`, { recursive: true })
    await chmod(`${path}.tmp`, 0o777)
    await using store = await openDuckDBStore({ path })
    await store.write(3, [point(series())])
    // A folder that was there may be for others too.
    expect(await modes()).toEqual(['755', '600', '600', '700'])
  } finally {
    process.umask(before)
  }
})

test('what this user may not close to others is told, and the store opens all the same', async (ctx) => {
  await using folder = await temporaryFolder()
  const path = join(folder.path, 'points.duckdb')
  const open = join(`${path}.tmp`, 'open')
  await mkdir(`${path}.tmp`)
  await writeFile(open, '', { mode: 0o644 })
  const mayChange = (flag: '+i' | '-i') => execFileSync('chattr', [flag, open], { stdio: 'ignore' })
  try {
    mayChange('+i')
  } catch {
    ctx.skip('to forbid a change of mode takes root, and a file system that knows it')
  }
  try {
    const told: unknown[] = []
    await using store = await openDuckDBStore({
      path,
      events: { ...NO_EVENTS, filesLeftOpen: (left) => void told.push(...left) },
    })
    expect(told).toEqual([{ path: open, reason: expect.stringContaining('EPERM') as string }])
    expect(await count(store)).toBe(0)
  } finally {
    mayChange('-i')
  }
})

test('what was dropped leaves no series, labels or rules behind, and makes room for what comes', async () => {
  await using folder = await temporaryFolder()
  const path = join(folder.path, 'points.duckdb')
  const vm = (id: string) => series({ groupby: { id } })
  {
    await using store = await openDuckDBStore({ path })
    await store.write(1, [...bulky(100_000), point(vm('gone'), { rules: ['a'] })])
    await store.writeSamples(1, [sample('cpu', JUNE, '1', { id: 'gone' })])
    const later = JUNE + 31 * 24 * HOUR
    await store.write(2, [point(vm('kept'), { begin: later, rules: ['b'] })])
    // The second time for the series, which readers of the first may have needed.
    for (let i = 0; i < 2; i++) await store.dropBefore({ points: later, samples: later })
    const { size } = await stat(path)
    await store.write(3, bulky(100_000))
    await store.dropBefore({ points: later, samples: 0 })
    expect((await stat(path)).size).toBeLessThan(1.5 * size)
  }
  const connection = await (await DuckDBInstance.create(path)).connect()
  const rows = async (sql: string) => (await (await connection.run(sql)).getRows()).flat()
  expect(await rows("SELECT value FROM attributes WHERE name = 'id'")).toEqual(['kept', 'vm-1'])
  expect(await rows('SELECT rules FROM rule_sets ORDER BY 1')).toEqual(['["b"]', '[]'])
  expect(await rows('SELECT count(*) FROM sample_series UNION ALL SELECT count(*) FROM sample_labels')).toEqual([
    0n,
    0n,
  ])
  connection.closeSync()
})
