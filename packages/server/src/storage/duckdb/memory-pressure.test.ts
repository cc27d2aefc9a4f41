import { mkdir, readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Registry } from 'prom-client'
import { expect, test } from 'vitest'
import { createDuckDBFile } from '../../lib/create-duckdb-file.ts'
import { temporaryFolder } from '../../lib/testing/temporary-folder.ts'
import { tries } from '../../lib/testing/tries.ts'
import { storeEvents } from '../events.ts'
import { groupingBy } from '../grouping.ts'
import type { PointStore } from '../point-store.ts'
import { EVERYTHING, HOUR, JUNE, point, query, sample, series } from '../testing/points.ts'
import { DuckDBDatabase } from './duckdb-database.ts'
import { openDuckDBStore } from './open-duckdb-store.ts'

const MIB = 1024 ** 2
/** So little that commits fail for what readers have. */
const MEMORY_BYTES = 32 * MIB
const BATCH_POINTS = 5000
const BATCHES_MAX = 400
const SIGNAL = new AbortController().signal

test('readers that take all memory make no write fail, and whatever is acknowledged is there, also after closing', async () => {
  await using folder = await temporaryFolder()
  const path = join(folder.path, 'points.duckdb')
  const pressure = { reopened: 0 }
  const events = {
    ...storeEvents({ warn: () => {} }, new Registry()),
    reopened: () => void pressure.reopened++,
  }
  let batch = 1
  {
    await using store = await openDuckDBStore({ path, memoryBytes: MEMORY_BYTES, threads: 2, events })
    const hungry = await prepareHungry(store)
    const stop = new AbortController()
    const readers = Array.from({ length: 6 }, (_, offset) => hungry(offset, stop.signal))
    const small = Array.from({ length: BATCH_POINTS }, (_, i) => series({ scopeId: 'small', groupby: { id: `${i}` } }))
    for (batch = 2; batch < BATCHES_MAX && pressure.reopened < tries(3, 30); batch++) {
      const begin = JUNE + batch * HOUR
      await store.write(
        batch,
        small.map((of) => point(of, { begin })),
      )
      await store.writeSamples(
        batch,
        small.map((_, i) => sample('cpu', begin, '1', { id: `${i}`, project_id: 'small' })),
      )
    }
    stop.abort()
    await Promise.all(readers)
    await expectWhole(store, batch)
  }
  await using store = await openDuckDBStore({ path })
  await expectWhole(store, batch)
  // Without it nothing was tried.
  expect(pressure.reopened).toBeGreaterThan(0)
})

test('what does not fit is spilled into the temporary folder, not beyond its bound, and nothing of it stays', async () => {
  await using folder = await temporaryFolder()
  const path = join(folder.path, 'points.duckdb')
  const elsewhere = join(folder.path, 'elsewhere')
  const spilled = join(elsewhere, 'points.duckdb.tmp')
  const small = { path, memoryBytes: 64 * MIB, threads: 1, temporaryFolder: elsewhere }
  const sort = {
    sql: "SELECT random() AS a, repeat('x', 60) || range AS b FROM range(1500000) ORDER BY a",
    params: [],
  }
  await createDuckDBFile(path)
  // What a process that was killed has left.
  await mkdir(spilled, { recursive: true })
  await writeFile(join(spilled, 'duckdb_temp_storage_DEFAULT-0.tmp'), 'x'.repeat(1000))
  {
    await using database = await DuckDBDatabase.open({ ...small, temporaryBytes: 1024 * MIB })
    expect(await readdir(spilled)).toEqual([])
    let rows = 0
    let bytes = 0
    for await (const some of database.stream(sort)) {
      if (rows === 0) for (const name of await readdir(spilled)) bytes += (await stat(join(spilled, name))).size
      rows += some.length
    }
    expect(rows).toBe(1_500_000)
    expect(bytes).toBeGreaterThan(8 * MIB)
  }
  await using database = await DuckDBDatabase.open({ ...small, temporaryBytes: 8 * MIB })
  const sorted = database.stream(sort)
  await expect(sorted.next()).rejects.toMatchObject({ kind: 'memory' })
  // It was only that question.
  expect(await database.select({ sql: 'SELECT 1', params: [] })).toEqual([[1]])
})

async function expectWhole(store: PointStore, end: number): Promise<void> {
  for (let batch = 2; batch < end; batch++) {
    expect({ batch, ...(await store.count(batch)) }).toEqual({ batch, points: BATCH_POINTS, samples: BATCH_POINTS })
  }
  const filter = query({ buckets: { seconds: HOUR, origin: 0 }, attributes: new Map([['id', ['7']]]) })
  const { total } = await store.total({ ...filter, end: JUNE + end * HOUR }, EVERYTHING)
  expect(total).toBe(end - 2)
  expect(await store.sampleScopes('id', EVERYTHING, SIGNAL)).toHaveLength(BATCH_POINTS)
}

/** Many series with many attributes, and a question that groups by all of these, until it is told to stop. */
async function prepareHungry(store: PointStore) {
  const names = Array.from({ length: 20 }, (_, i) => `z${i}`)
  const many = Array.from({ length: 20_000 }, (_, i) => {
    const metadata = Object.fromEntries(names.map((name, k) => [name, `${name}-${(i * (k + 7)) % 97}`]))
    return series({ scopeId: 'big', groupby: { number: `n${i}` }, metadata })
  })
  await store.write(
    1,
    many.map((of) => point(of, { begin: JUNE })),
  )
  const groupby = ['number', ...names].map(groupingBy)
  return async (offset: number, signal: AbortSignal): Promise<void> => {
    while (!signal.aborted) {
      await store.total({ ...query({ groupby }), offset, limit: 1 }, EVERYTHING, signal).catch((error: unknown) => {
        if (!signal.aborted) expect(error).toMatchObject({ code: 'storage.unavailable', status: 503 })
      })
    }
  }
}
