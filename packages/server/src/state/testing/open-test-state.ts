import { createHash } from 'node:crypto'
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import { MIGRATIONS_FOLDER, type State } from '../database.ts'
import { migrated, openPGlite } from '../pglite/open-pglite.ts'
import { openTestPostgres } from './open-test-postgres.ts'
import { ReusedPGlites } from './reused-pglites.ts'

/**
 * Fresh, migrated state for a suite that does not care where: in memory, or with `TEST_STORES=servers` on PostgreSQL (see
 * `openTestStore`, which goes by the same variable).
 */
export async function openTestState(): Promise<State> {
  return process.env['TEST_STORES'] === 'servers' ? openTestPostgres() : inMemory.open()
}

/**
 * Makes what tests copy, unless it is there: an empty, migrated database, in one file and as a folder. It takes seconds, and
 * longer than a test may on a busy machine; so it is done before all tests, and kept beside the other temporary files.
 */
export async function makeTemplates(): Promise<void> {
  await readTemplate()
  const folder = await mkdtemp(join(tmpdir(), 'cloudtabby-template-'))
  await makeTestStateFolder(folder)
  await rm(folder, { recursive: true })
}

const inMemory = new ReusedPGlites(async () => {
  const template = await readTemplate()
  const client = await PGlite.create({ loadDataDir: new Blob([new Uint8Array(template)]) })
  await migrated(client)
  return client
})

async function readTemplate(): Promise<Buffer> {
  const file = `${await templatePath()}.tar`
  return readFile(file).catch(() => makeTemplate(file))
}

async function makeTemplate(file: string): Promise<Buffer> {
  const client = await PGlite.create()
  await migrated(client)
  const dump = Buffer.from(await (await client.dumpDataDir('none')).arrayBuffer())
  await client.close()
  await mkdir(dirname(file), { recursive: true })
  // Renamed into place, so that another test process never reads half of it.
  await writeFile(`${file}.${process.pid}`, dump)
  await rename(`${file}.${process.pid}`, file)
  return dump
}

/** Makes a folder of fresh, migrated state, as the first start of the program on it would: a copy. */
export async function makeTestStateFolder(folder: string): Promise<void> {
  const template = await templatePath()
  const copy = () => cp(template, folder, { recursive: true })
  await copy().catch(async () => {
    const own = `${template}.${process.pid}`
    const state = await openPGlite(own)
    await state[Symbol.asyncDispose]()
    // Another test process may have been quicker.
    await rename(own, template).catch(() => rm(own, { recursive: true }))
    await copy()
  })
}

/** Named for what the template is made of, so that a changed schema makes a new one. */
async function templatePath(): Promise<string> {
  const hash = createHash('sha256')
  const files = (await readdir(MIGRATIONS_FOLDER)).filter((name) => name.endsWith('.sql')).toSorted()
  for (const name of [...files, 'meta/_journal.json']) {
    hash.update(name).update(await readFile(join(MIGRATIONS_FOLDER, name)))
  }
  return join(tmpdir(), 'cloudtabby-test-state', hash.digest('hex').slice(0, 16))
}
