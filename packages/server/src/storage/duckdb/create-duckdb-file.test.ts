import { readdir, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { smallDisk } from '../testing/full-disk.ts'
import { openDuckDBStore } from './open-duckdb-store.ts'

const MEBIBYTE = 1024 * 1024

test.for([0, 4096, 8192, 12_288, 16_384])(
  'a file that could not be made with %i bytes left is made when there is room',
  async (room, { skip }) => {
    await using disk = (await smallDisk(1)) ?? skip('mounting a small disk takes root')
    const [fill, path] = [join(disk.folder, 'fill'), join(disk.folder, 'points.duckdb')]
    await writeFile(fill, Buffer.alloc(MEBIBYTE))
    await truncate(fill, MEBIBYTE - room)
    await expect(openDuckDBStore({ path })).rejects.toMatchObject({ code: 'state.unwritable' })
    await rm(fill)
    await using store = await openDuckDBStore({ path })
    expect(await store.highestBatch()).toBe(0)
    expect((await readdir(disk.folder)).filter((name) => name.endsWith('.new'))).toEqual([])
  },
)
