import { mkdir } from 'node:fs/promises'
import { resolve } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import { drizzle } from 'drizzle-orm/pglite'
import { migrate } from 'drizzle-orm/pglite/migrator'
import { Fault } from '../../lib/fault.ts'
import { lockFolder } from '../../lib/lock-folder.ts'
import { MIGRATIONS_FOLDER, type State } from '../database.ts'

/**
 * Opens state in a folder (made when missing) and brings its schema up to date.
 * One process at a time: a second one gets the fault `state.locked`, which names the first.
 */
export async function openPGlite(folder: string): Promise<State> {
  const path = resolve(folder)
  try {
    await mkdir(path, { recursive: true })
  } catch (cause) {
    throw new Fault(
      'state.unwritable',
      `cannot make the state folder ${path}: ${(cause as Error).message}`,
      { path },
      { cause },
    )
  }
  const unlock = await lockFolder(path)
  try {
    return await migrated(await PGlite.create(`${path}/pglite`), unlock)
  } catch (error) {
    await unlock()
    throw error
  }
}

/** Migrates a PGlite and hands it out as state, which closes it. */
export async function migrated(client: PGlite, unlock: () => Promise<void> = async () => {}): Promise<State> {
  const db = drizzle(client)
  await migrate(db, { migrationsFolder: MIGRATIONS_FOLDER })
  return {
    db,
    async [Symbol.asyncDispose]() {
      await client.close()
      await unlock()
    },
  }
}
