import { constants, cp, mkdir } from 'node:fs/promises'
import { resolve } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import { sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/pglite'
import { migrate } from 'drizzle-orm/pglite/migrator'
import type { BatchId } from '../../domain/snapshot.ts'
import { Fault } from '../../lib/fault.ts'
import { lockFolder } from '../../lib/lock-folder.ts'
import { MIGRATIONS_FOLDER, type State, type StateDatabase } from '../database.ts'
import { batchCounter } from '../schema.ts'

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
    const client = await PGlite.create(`${path}/pglite`).catch((cause: unknown) => {
      throw unusable(path, cause)
    })
    const state = await migrated(client, unlock)
    return { ...state, copyTo: (copy) => copyFolder(state.db, `${path}/pglite`, copy) }
  } catch (error) {
    await unlock()
    throw error
  }
}

/** WASI's number for a full disk; PGlite throws its file system's failures without a word. */
const NO_SPACE = 51

function unusable(path: string, cause: unknown): Fault {
  const { message, errno } = cause as { message?: string; errno?: number }
  const reason = errno === NO_SPACE ? 'no space is left on the device' : message || `its file system fails (${errno})`
  return new Fault('state.unwritable', `cannot use the state folder ${path}: ${reason}`, { path }, { cause })
}

/** PGlite writes nothing but for whom it answers: while a transaction of ours does nothing, its files stay as they are. */
async function copyFolder(db: StateDatabase, folder: string, copy: string): Promise<BatchId> {
  await db.execute(sql`CHECKPOINT`)
  return db.transaction(async (tx) => {
    const [counter] = await tx.select({ value: batchCounter.value }).from(batchCounter)
    await cp(folder, copy, { recursive: true, mode: constants.COPYFILE_FICLONE })
    return counter!.value
  })
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
