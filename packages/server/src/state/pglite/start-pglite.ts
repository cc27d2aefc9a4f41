import { rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { PGlite, type PGliteOptions } from '@electric-sql/pglite'
import { exists } from '../../lib/exists.ts'
import { Fault } from '../../lib/fault.ts'
import { settle, settleTree } from '../../lib/settle.ts'
import { SyncedFiles } from './synced-files.ts'

/**
 * `full`: what was committed is on disk, and survives a power failure. `relaxed`: the operating system writes it when it
 * likes, within half a minute or so; the death of the process loses nothing either way.
 */
export type Durability = 'full' | 'relaxed'

/**
 * Starts PostgreSQL in this process on a folder, which is made when it is not there: whole or not at all. Throws
 * `state.not_durable` when what is wanted would silently not be so.
 */
export async function startPGlite(folder: string, durability: Durability): Promise<PGlite> {
  if (!(await exists(join(folder, 'PG_VERSION')))) await makeDatabase(folder)
  if (durability === 'relaxed') return PGlite.create(folder)
  const { client, files } = await startSynced(folder)
  try {
    await requireSyncs(client, files)
    return client
  } catch (error) {
    await client.close()
    throw error
  }
}

/** To unpack an empty database takes PGlite a while, and what it was killed over never opens again. */
async function makeDatabase(folder: string): Promise<void> {
  const draft = `${folder}.new`
  await rm(draft, { recursive: true, force: true })
  const client = await PGlite.create(draft)
  await client.close()
  await settleTree(draft)
  await rename(draft, folder)
  await settle(dirname(folder))
}

/** PGlite starts PostgreSQL with `-F`, fsync off, and ignores `fdatasync`, the way that PostgreSQL would choose. */
async function startSynced(folder: string): Promise<{ client: PGlite; files: SyncedFiles }> {
  const files = new SyncedFiles(folder)
  const startParams = [...PGlite.defaultStartParams.filter((each) => each !== '-F'), '-c', 'wal_sync_method=fsync']
  const options: PGliteOptions = { fs: files, startParams }
  return { client: await PGlite.create(options), files }
}

/** All of this is PGlite's inner life, which may look otherwise in its next version: so it is tried, not believed. */
async function requireSyncs(client: PGlite, files: SyncedFiles): Promise<void> {
  const settings = await client.query<{ name: string; setting: string }>(
    `SELECT name, setting FROM pg_settings WHERE name IN ('fsync', 'synchronous_commit', 'full_page_writes')`,
  )
  const off = settings.rows.filter(({ setting }) => setting !== 'on').map(({ name, setting }) => `${name} = ${setting}`)
  const before = files.syncs
  // Something to commit that changes no table.
  await client.query(`SELECT pg_logical_emit_message(true, 'cloudtabby', 'is this on disk?')`)
  if (off.length === 0 && settings.rows.length === 3 && files.syncs > before) return
  const why = off.length > 0 ? off.join(', ') : 'a commit did not sync anything'
  throw new Fault(
    'state.not_durable',
    `this version of PGlite does not put commits on disk (${why}), so that a power failure would lose them: install the version ` +
      'that package-lock.json names, or accept it by [state] durability = relaxed',
    { off },
  )
}
