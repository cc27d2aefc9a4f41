import { dirname, join } from 'node:path'
import { z } from 'zod'
import { backUp, type BackupParts } from '../backup/back-up.ts'
import { finishSwap, hasSwap } from '../backup/swap.ts'
import type { Config } from '../config/load-config.ts'
import { Disposer } from '../lib/disposer.ts'
import { Fault } from '../lib/fault.ts'
import { listenControl } from '../lib/control-socket.ts'
import { lockFolder } from '../lib/lock-folder.ts'
import type { State } from '../state/database.ts'
import type { EmbeddedPoints, PointStore } from '../storage/point-store.ts'
import { VERSION } from './version.ts'

/** Where the embedded stores lie. */
export interface EmbeddedStores {
  readonly stateFolder: string
  readonly pointsFile: string
  readonly restorePoints: EmbeddedPoints<unknown>['restore']
  /** Where the process that holds them listens for commands. */
  readonly control: string
}

/** Undefined where one of the stores is a server. */
export function embeddedStores({ options, store }: Config): EmbeddedStores | undefined {
  const { url: state } = options.state
  const { embedded } = store.plugin
  if (state.kind !== 'embedded' || !embedded) return undefined
  const pointsFile = embedded.file(store.options)
  return {
    stateFolder: state.folder,
    pointsFile,
    restorePoints: embedded.restore,
    control: join(state.folder, 'control', 'socket'),
  }
}

/** The folders of the stores in this process: none, one or two. */
export function storeFolders({ options, store }: Config): string[] {
  const { url: state } = options.state
  const points = store.plugin.embedded?.file(store.options)
  return [...(state.kind === 'embedded' ? [state.folder] : []), ...(points === undefined ? [] : [dirname(points)])]
}

/** Ends what a restore that was killed in its last step had begun. */
export async function finishRestore({ stateFolder }: EmbeddedStores): Promise<void> {
  if (!(await hasSwap(stateFolder))) return
  const unlock = await lockFolder(stateFolder)
  try {
    await finishSwap(stateFolder)
  } finally {
    await unlock()
  }
}

export function backupOf(
  state: State,
  store: PointStore,
  { maintenance, events }: Pick<BackupParts, 'maintenance' | 'events'>,
): BackupParts | undefined {
  const { copyTo } = state
  const copyPoints = store.copyTo?.bind(store)
  if (!copyTo || !copyPoints) return undefined
  return { state: { ...state, copyTo }, points: { copyTo: copyPoints }, maintenance, events, version: VERSION }
}

const Request = z.object({ command: z.literal('backup'), folder: z.string() })

/** Makes backups for commands that ask for them, one at a time. */
export async function listenForBackups({ control }: EmbeddedStores, parts: BackupParts): Promise<AsyncDisposable> {
  const { events } = parts
  let busy = false
  const listener = await listenControl(control, async (request, tell, signal) => {
    const parsed = Request.safeParse(request)
    if (!parsed.success) throw new Fault('request.invalid', 'the running service does not know this command')
    const { folder } = parsed.data
    if (busy) throw new Fault('backup.failed', 'another backup is being made just now')
    busy = true
    try {
      events.begun(folder)
      const manifest = await backUp(parts, folder, { signal, onProgress: tell })
      events.made(folder, manifest.points.rows['points'] ?? 0)
      return { points: manifest.points.rows['points'], at: manifest.at, files: manifest.files }
    } catch (error) {
      events.notMade(folder, error)
      throw error
    } finally {
      busy = false
    }
  })
  if (!listener) events.cannotListen(control)
  return listener ?? new Disposer()
}

export function requireEmbedded(stores: EmbeddedStores | undefined): EmbeddedStores {
  if (stores) return stores
  throw new Fault(
    'backup.not_embedded',
    'backup and restore are of the embedded stores, [state] url = pglite:FOLDER with [storage] backend = duckdb; servers are ' +
      'backed up by their own means, PostgreSQL first, then ClickHouse: docs/operating/backup.md',
  )
}
