import { constants, cp } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { PGlite } from '@electric-sql/pglite'
import { sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/pglite'
import { migrate } from 'drizzle-orm/pglite/migrator'
import type { BatchId } from '../../domain/snapshot.ts'
import { Fault } from '../../lib/fault.ts'
import { lockFolder } from '../../lib/lock-folder.ts'
import { type LeftOpen, makePrivate, makePrivateFolder } from '../../lib/private-files.ts'
import { type ForeignTables, migrateAll, type State, type StateDatabase } from '../database.ts'
import { batchCounter } from '../schema.ts'
import { type Durability, startPGlite } from './start-pglite.ts'

export interface PGliteStateOptions {
  /** `full` by default. */
  readonly durability?: Durability
  readonly foreign?: readonly ForeignTables[]
  /** Told of what others of the machine may still read or write, since that could not be changed. */
  readonly onLeftOpen?: (left: readonly LeftOpen[]) => void
}

/**
 * Opens state in a folder (made when missing) and brings its schema up to date. Nobody but this user may open what lies
 * there. One process at a time: a second one gets the fault `state.locked`, which names the first, before it has touched
 * anything.
 */
export async function openPGlite(
  folder: string,
  { durability = 'full', foreign = [], onLeftOpen }: PGliteStateOptions = {},
): Promise<State> {
  const path = resolve(folder)
  try {
    await makePrivateFolder(path)
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
    const database = join(path, 'pglite')
    const client = await startPGlite(database, durability).catch((cause: unknown) => {
      throw cause instanceof Fault ? cause : unusable(path, cause)
    })
    const state = await migrated(client, unlock, foreign)
    const left = await makePrivate(path)
    if (left.length > 0) onLeftOpen?.(left)
    return { ...state, copyTo: (copy) => copyFolder(state.db, database, copy) }
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
export async function migrated(
  client: PGlite,
  unlock: () => Promise<void> = async () => {},
  foreign: readonly ForeignTables[] = [],
): Promise<State> {
  const db = drizzle(client)
  try {
    await migrateAll((from) => migrate(db, from), foreign)
  } catch (error) {
    await client.close()
    throw error
  }
  return {
    db,
    async [Symbol.asyncDispose]() {
      try {
        await client.close()
      } finally {
        await unlock()
      }
    },
  }
}
