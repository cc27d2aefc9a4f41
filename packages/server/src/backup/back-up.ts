import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { sql } from 'drizzle-orm'
import { exists } from '../lib/exists.ts'
import { Fault } from '../lib/fault.ts'
import { settle, settleTree } from '../lib/settle.ts'
import type { Maintenance } from '../state/maintenance.ts'
import type { State } from '../state/database.ts'
import type { PointStore } from '../storage/point-store.ts'
import type { BackupEvents } from './events.ts'
import { type Manifest, POINTS_FOLDER, STATE_FOLDER, UNFINISHED, writeManifest } from './manifest.ts'

export interface BackupParts {
  readonly state: State & Required<Pick<State, 'copyTo'>>
  readonly points: Required<Pick<PointStore, 'copyTo'>>
  readonly maintenance: Maintenance
  readonly events: BackupEvents
  /** Of this program. */
  readonly version: string
}

/** How far it is: rows of the points store, then bytes of the files. */
export interface BackupProgress {
  readonly phase: 'copying' | 'checking'
  readonly done: number
  readonly total: number
}

export interface BackupOptions {
  readonly signal: AbortSignal
  readonly onProgress: (progress: BackupProgress) => void
}

/** What nobody may delete until the points are copied; prolonged every minute. */
export const HELD = ['sweep', 'retention'] as const
const HOLD_SECONDS = 600
const PROLONG_EVERY_MS = 60_000

/**
 * Copies both embedded stores into a new folder, while they are read and written, so that the copies belong together: state
 * first, which says what counts, then the points, without the batches that this state does not know: it would give their
 * numbers again. In between nothing is swept that the copied state still shows. Throws and leaves nothing, or leaves a
 * folder that can be restored. A process that is killed leaves `FOLDER.partial`, which cannot.
 */
export async function backUp(parts: BackupParts, folder: string, options: BackupOptions): Promise<Manifest> {
  const partial = await makePartial(folder)
  try {
    const manifest = await copyStores(parts, partial, options)
    await settleTree(partial)
    await rm(join(partial, UNFINISHED))
    await settle(partial)
    // Over an empty folder, if there is one.
    await rename(partial, folder)
    await settle(dirname(folder))
    return manifest
  } catch (error) {
    await rm(partial, { recursive: true, force: true }).catch((failed: unknown) => {
      parts.events.notRemoved(partial, failed)
    })
    options.signal.throwIfAborted()
    if (error instanceof Fault && !error.code.startsWith('storage.')) throw error
    const reason = error instanceof Error ? error.message : String(error)
    throw new Fault('backup.failed', `the backup could not be written: ${reason}`, { folder }, { cause: error })
  }
}

async function copyStores(
  parts: BackupParts,
  folder: string,
  { signal, onProgress }: BackupOptions,
): Promise<Manifest> {
  const { state, points, version } = parts
  const copied = await holding(parts, async () => {
    const at = new Date().toISOString()
    const highestBatch = await state.copyTo(join(folder, STATE_FOLDER))
    signal.throwIfAborted()
    const pointsCopy = await points.copyTo(join(folder, POINTS_FOLDER), highestBatch, {
      signal,
      onProgress: (progress) => onProgress({ phase: 'copying', ...progress }),
    })
    return { at, points: pointsCopy }
  })
  return writeManifest(
    folder,
    {
      version,
      at: copied.at,
      state: { engine: 'pglite', migrations: await countMigrations(state) },
      points: { ...copied.points, rows: { ...copied.points.rows } },
    },
    { signal, onProgress: (progress) => onProgress({ phase: 'checking', ...progress }) },
  )
}

/** Does the work while nobody begins to sweep or to drop anything. */
async function holding<T>({ maintenance, events }: BackupParts, work: () => Promise<T>): Promise<T> {
  await maintenance.hold(HELD, HOLD_SECONDS)
  const prolong = setInterval(() => {
    maintenance.hold(HELD, HOLD_SECONDS).catch((error: unknown) => events.holdNotProlonged(error))
  }, PROLONG_EVERY_MS)
  try {
    return await work()
  } finally {
    clearInterval(prolong)
    await maintenance.release(HELD)
  }
}

async function countMigrations({ db }: State): Promise<number> {
  return db.$count(sql`drizzle.__drizzle_migrations`)
}

/** Makes the folder that becomes the backup, in place of what an interrupted one left. */
async function makePartial(folder: string): Promise<string> {
  const refuse = (reason: string, cause?: unknown) =>
    new Fault('backup.folder', `cannot make a backup in ${folder}: ${reason}`, { folder }, { cause })
  const partial = `${folder}.partial`
  try {
    if (await isTaken(folder)) throw refuse('it is there and not empty; name another folder')
    if ((await isTaken(partial)) && !(await exists(join(partial, UNFINISHED)))) {
      throw refuse(`${partial} is there, and no unfinished backup; move it away`)
    }
    await rm(partial, { recursive: true, force: true })
    await mkdir(dirname(partial), { recursive: true, mode: 0o700 })
    await mkdir(partial, { mode: 0o700 })
    await writeFile(join(partial, UNFINISHED), '', { mode: 0o600 })
    return partial
  } catch (error) {
    throw error instanceof Fault ? error : refuse((error as Error).message, error)
  }
}

async function isTaken(folder: string): Promise<boolean> {
  return readdir(folder).then(
    (names) => names.length > 0,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return false
      throw error
    },
  )
}
