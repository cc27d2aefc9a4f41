import fs from 'node:fs'
import { rm } from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import { NodeFS } from '@electric-sql/pglite/nodefs'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { makeTestStateFolder } from '../testing/open-test-state.ts'
import { type Durability, startPGlite } from './start-pglite.ts'
import { SyncedFiles } from './synced-files.ts'

const folder = join(tmpdir(), `cloudtabby-durable-${process.pid}`)
beforeAll(() => makeTestStateFolder(folder))
afterAll(() => rm(folder, { recursive: true, force: true }))
afterEach(() => {
  vi.restoreAllMocks()
  syncBuiltinESMExports()
})

async function syncsOf(commits: number, durability: Durability): Promise<number> {
  const synced = vi.spyOn(fs, 'fdatasyncSync')
  syncBuiltinESMExports()
  const client = await startPGlite(join(folder, 'pglite'), durability)
  synced.mockClear()
  for (let i = 0; i < commits; i++) await client.exec(`UPDATE batch_counter SET value = value + 1`)
  const count = synced.mock.calls.length
  await client.close()
  return count
}

test('every commit is put on disk, and none when that is not wanted', async () => {
  expect(await syncsOf(100, 'full')).toBeGreaterThanOrEqual(100)
  expect(await syncsOf(100, 'relaxed')).toBe(0)
})

test('a PGlite that would not do it is refused, with what to do', async () => {
  const refusal = (why: RegExp) => ({
    code: 'state.not_durable',
    message: expect.stringMatching(new RegExp(`${why.source}.*durability = relaxed`)) as string,
  })
  const params = PGlite.defaultStartParams
  params.push('-c', 'fsync=off')
  try {
    await expect(startPGlite(join(folder, 'pglite'), 'full')).rejects.toMatchObject(refusal(/fsync = off/))
  } finally {
    params.splice(-2)
  }
  // As if it looked for the operation elsewhere.
  vi.spyOn(SyncedFiles.prototype, 'init').mockImplementation(function (this: SyncedFiles, ...args) {
    return NodeFS.prototype.init.apply(this, args)
  })
  await expect(startPGlite(join(folder, 'pglite'), 'full')).rejects.toMatchObject(refusal(/did not sync anything/))
})
