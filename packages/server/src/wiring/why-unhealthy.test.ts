import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Fault } from '../lib/fault.ts'
import { openTestState } from '../state/testing/open-test-state.ts'
import { openDuckDBStore } from '../storage/duckdb/open-duckdb-store.ts'
import { smallDisk } from '../storage/testing/full-disk.ts'
import { point, series } from '../storage/testing/points.ts'
import { watchWrites, WriteHealth } from '../storage/watch-writes.ts'
import { whyUnhealthy } from './why-unhealthy.ts'

test('health tells of a write that failed, until one succeeds, and of a full disk, in words without a path', async ({
  skip,
}) => {
  await using disk = (await smallDisk(64)) ?? skip('mounting a small disk takes root')
  await using state = await openTestState()
  let now = Date.parse('2026-06-01T00:00:00Z')
  const writes = new WriteHealth(() => now)
  await using duckdb = await openDuckDBStore({ path: join(disk.folder, 'points.duckdb') })
  const store = watchWrites(duckdb, writes)
  const health = () => whyUnhealthy({ db: state.db, writes, folders: [disk.folder] })
  await store.write(1, [point(series())])
  expect(await store.highestBatch()).toBe(1)
  expect(await health()).toBeUndefined()

  writes.failed(new Fault('storage.write_failed', `could not write to ${disk.folder}`))
  expect(await health()).toBe('the last write to the points store failed, at 2026-06-01T00:00:00+00:00')
  await store.writeSamples(2, [])
  expect(await health()).toBeDefined()
  await store.write(2, [point(series())])
  expect(await health()).toBeUndefined()
  writes.failed(new Fault('storage.write_failed', 'again'))
  now += 3_600_000
  expect(await health()).toBeUndefined()
  // A value that is none is not the store's fault.
  const tooLarge = store.write(3, [point(series(), { quantity: `1${'0'.repeat(30)}` })])
  await expect(tooLarge).rejects.toMatchObject({ code: 'storage.out_of_range' })
  expect(await health()).toBeUndefined()

  const fill = join(disk.folder, 'fill')
  await writeFile(fill, Buffer.alloc(55 * 1024 * 1024))
  expect(await health()).toBe('the disk of the stores is full')
  await rm(fill)
  expect(await health()).toBeUndefined()
})

test('health tells of state that is gone', async () => {
  const state = await openTestState()
  const parts = { db: state.db, writes: new WriteHealth(), folders: [] }
  expect(await whyUnhealthy(parts)).toBeUndefined()
  await state[Symbol.asyncDispose]()
  expect(await whyUnhealthy(parts)).toBe('the state database does not answer')
})
