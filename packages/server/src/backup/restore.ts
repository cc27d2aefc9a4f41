import { cp, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { count, max, min } from 'drizzle-orm'
import { type Instant, toInstant } from '../domain/period.ts'
import { exists } from '../lib/exists.ts'
import { Fault } from '../lib/fault.ts'
import { lockFolder } from '../lib/lock-folder.ts'
import { makePrivateFolder } from '../lib/private-files.ts'
import { settle, settleTree } from '../lib/settle.ts'
import { Maintenance } from '../state/maintenance.ts'
import type { State } from '../state/database.ts'
import { scopes } from '../state/schema.ts'
import type { PointsCopy, RestoreOptions } from '../storage/points-copy.ts'
import { HELD } from './back-up.ts'
import { type Manifest, POINTS_FOLDER, STATE_FOLDER, verifyBackup } from './manifest.ts'
import { finishSwap, hasSwap, type Move, swap } from './swap.ts'

/** The engines of the stores. */
export interface RestoreParts {
  readonly openState: (folder: string) => Promise<State>
  readonly restorePoints: (path: string, folder: string, copy: PointsCopy, options: RestoreOptions) => Promise<void>
  /** Migrations of state that this program knows. */
  readonly migrations: number
}

export interface RestoreRequest {
  readonly folder: string
  readonly stateFolder: string
  readonly pointsFile: string
  /** Moves stores that are there aside, instead of refusing. */
  readonly force: boolean
}

/** How far it is: bytes that are compared with their digests, then rows. */
export interface RestoreProgress {
  readonly phase: 'checking' | 'restoring'
  readonly done: number
  readonly total: number
}

export interface Restored {
  readonly manifest: Manifest
  readonly scopes: number
  /** The earliest and latest next period of a scope; undefined without scopes. */
  readonly rated: { readonly from: Instant; readonly to: Instant } | undefined
  /** Where what was there lies now. */
  readonly aside: readonly string[]
}

/**
 * Makes stores of a backup and puts them where the configuration wants them. They are made beside what is there, which stays
 * as it is until they are whole and on disk; then both are put in place together, whatever happens in between. Throws
 * `state.locked` while a service runs there.
 */
export async function restore(
  { openState, restorePoints, migrations }: RestoreParts,
  { folder, stateFolder, pointsFile, force }: RestoreRequest,
  { signal, onProgress }: { signal: AbortSignal; onProgress: (progress: RestoreProgress) => void },
): Promise<Restored> {
  const manifest = await verifyBackup(folder, migrations, {
    signal,
    onProgress: (progress) => onProgress({ phase: 'checking', ...progress }),
  })
  await makeFolders(stateFolder, dirname(pointsFile))
  const unlock = await lockFolder(stateFolder)
  const building = { state: join(stateFolder, 'restoring'), points: `${pointsFile}.restoring` }
  try {
    await finishSwap(stateFolder)
    const there = await storesThere(stateFolder, pointsFile)
    if (there.length > 0 && !force) {
      const message = `there are stores already: ${there.join(', ')}; --force moves them aside and keeps them`
      throw new Fault('backup.stores_exist', message, { there })
    }
    await removeAll(building)
    await cp(join(folder, STATE_FOLDER), join(building.state, 'pglite'), { recursive: true })
    for (const path of manifest.folders.filter((each) => each.startsWith(`${STATE_FOLDER}/`))) {
      // A folder that is empty may have got lost on the backup's way.
      await makePrivateFolder(join(building.state, 'pglite', path.slice(STATE_FOLDER.length + 1)))
    }
    signal.throwIfAborted()
    await restorePoints(building.points, join(folder, POINTS_FOLDER), manifest.points, {
      signal,
      onProgress: (progress) => onProgress({ phase: 'restoring', ...progress }),
    })
    const extent = await tryState(openState, building.state)
    await settleTree(building.state)
    await settle(building.points, 0o600)
    signal.throwIfAborted()

    const suffix = `before-restore-${new Date().toISOString().replaceAll(/[-:.]/g, '')}`
    const asides = there.map((from): Move => ({ from, to: asideOf(from, pointsFile, suffix) }))
    await swap(stateFolder, [
      ...asides,
      { from: join(building.state, 'pglite'), to: join(stateFolder, 'pglite') },
      { from: building.points, to: pointsFile },
    ])
    return { manifest, ...extent, aside: asides.map(({ to }) => to) }
  } finally {
    // Moves that have begun are ended by whoever comes next, and need what was built.
    if (!(await hasSwap(stateFolder))) await removeAll(building)
    await unlock()
  }
}

async function makeFolders(...folders: readonly string[]): Promise<void> {
  for (const folder of folders) {
    try {
      await makePrivateFolder(folder)
    } catch (cause) {
      const message = `cannot make the folder ${folder}: ${(cause as Error).message}`
      throw new Fault('state.unwritable', message, { folder }, { cause })
    }
  }
}

/** DuckDB's log belongs to its file. */
async function storesThere(stateFolder: string, pointsFile: string): Promise<string[]> {
  const all = [join(stateFolder, 'pglite'), pointsFile, `${pointsFile}.wal`]
  const there = await Promise.all(all.map(exists))
  return all.filter((_path, i) => there[i])
}

/** A log keeps the name of its file: `points.duckdb.wal` becomes `points.duckdb.SUFFIX.wal`. */
function asideOf(path: string, pointsFile: string, suffix: string): string {
  return path === `${pointsFile}.wal` ? `${pointsFile}.${suffix}.wal` : `${path}.${suffix}`
}

/** That it opens is the proof that it is whole. */
async function tryState(
  openState: RestoreParts['openState'],
  folder: string,
): Promise<Pick<Restored, 'scopes' | 'rated'>> {
  await using state = await openState(folder)
  await new Maintenance(state.db).release(HELD)
  const [row] = await state.db
    .select({ count: count(), from: min(scopes.nextBegin), to: max(scopes.nextBegin) })
    .from(scopes)
  const { from, to } = row!
  return { scopes: row!.count, rated: from && to ? { from: toInstant(from), to: toInstant(to) } : undefined }
}

async function removeAll({ state, points }: { state: string; points: string }): Promise<void> {
  for (const path of [state, points, `${points}.wal`]) {
    await rm(path, { recursive: true, force: true })
  }
}
