import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { makeTestStateFolder } from '../testing/open-test-state.ts'
import { openPGlite } from './open-pglite.ts'

test('state survives a restart, is nobody else’s to read, and a second opener is told who holds it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'cloudtabby-state-'))
  try {
    await makeTestStateFolder(folder)
    {
      await using state = await openPGlite(folder)
      await state.db.execute(sql`INSERT INTO modules_state (name, state) VALUES ('hashmap', true)`)
    }
    expect(openToOthers(folder)).toEqual([])
    // As versions before left them.
    execFileSync('chmod', ['-R', 'a+rwX', folder])
    await using state = await openPGlite(folder)
    await state.db.execute(sql`CREATE TABLE written_later (id integer)`)
    expect(openToOthers(folder)).toEqual([])
    await expect(openPGlite(folder)).rejects.toMatchObject({ code: 'state.locked', detail: { pid: process.pid } })
    const found = await state.db.execute(sql`SELECT name FROM modules_state`)
    expect(found).toMatchObject({ rows: [{ name: 'hashmap' }] })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})

test('a folder in which state cannot be made is told by its name, and is used once the cause is gone', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'cloudtabby-state-'))
  try {
    await mkdir(join(folder, 'pglite'))
    await writeFile(join(folder, 'pglite/base'), 'where PGlite wants a folder')
    const told = { code: 'state.unwritable', message: expect.stringContaining(folder) as string }
    await expect(openPGlite(folder)).rejects.toMatchObject(told)
    await rm(join(folder, 'pglite/base'))
    await using state = await openPGlite(folder)
    expect(await state.db.execute(sql`SELECT 1 AS one`)).toMatchObject({ rows: [{ one: 1 }] })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})

/** What others of this machine could read or write in a folder. */
function openToOthers(folder: string): string[] {
  const found = execFileSync('find', [folder, '-perm', '/077', '!', '-type', 'l'], { encoding: 'utf8' })
  return found.split('\n').filter(Boolean)
}
