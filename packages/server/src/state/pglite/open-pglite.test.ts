import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { openPGlite } from './open-pglite.ts'

test('state survives a restart, and a second opener is told who holds it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'cloudtabby-state-'))
  try {
    {
      await using state = await openPGlite(folder)
      await state.db.execute(sql`INSERT INTO modules_state (name, state) VALUES ('hashmap', true)`)
    }
    await using state = await openPGlite(folder)
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
