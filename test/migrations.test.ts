import { execFile } from 'node:child_process'
import { cp, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { PGlite } from '@electric-sql/pglite'
import { drizzle } from 'drizzle-orm/pglite'
import { migrate } from 'drizzle-orm/pglite/migrator'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { MIGRATIONS_FOLDER } from '../packages/server/src/state/database.ts'
import config from '../drizzle.config.ts'
import { seats } from '../examples/extending/seats-table.ts'

const ROOT = resolve(import.meta.dirname, '..')
const SEATS = 'examples/extending/seats-table.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cloudtabby-migrations-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** The migrations that are there then. */
async function generate(out: string, schema: readonly string[]): Promise<string[]> {
  const args = ['generate', '--dialect', 'postgresql', '--out', out, '--name', 'seats']
  await promisify(execFile)(
    join(ROOT, 'node_modules/.bin/drizzle-kit'),
    [...args, ...schema.flatMap((file) => ['--schema', file])],
    { cwd: ROOT, timeout: 60_000 },
  )
  return (await readdir(out)).filter((name) => name.endsWith('.sql')).toSorted()
}

test('the migrations lead to the schema; if not: npx drizzle-kit generate', { timeout: 90_000 }, async () => {
  const out = join(folder, 'migrations')
  await cp(MIGRATIONS_FOLDER, out, { recursive: true })
  const before = (await readdir(out)).filter((name) => name.endsWith('.sql')).toSorted()
  expect(await generate(out, config.schema as string[])).toEqual(before)
})

test('a new table gets a migration that makes it, as docs/extending.md says', { timeout: 90_000 }, async () => {
  const out = join(folder, 'seats')
  expect(await generate(out, [SEATS])).toEqual(['0000_seats.sql'])
  const client = await PGlite.create()
  try {
    const db = drizzle(client)
    await migrate(db, { migrationsFolder: out })
    await db.insert(seats).values({ scopeId: 'alpha', limit: 3 })
    expect(await db.select().from(seats)).toEqual([{ scopeId: 'alpha', limit: 3 }])
  } finally {
    await client.close()
  }
})
