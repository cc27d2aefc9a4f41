import { resolve } from 'node:path'
import { z } from 'zod'
import { backUp, type BackupProgress } from '../backup/back-up.ts'
import { restore, type RestoreProgress } from '../backup/restore.ts'
import { formatInstant } from '../domain/period.ts'
import { askControl } from '../lib/control-socket.ts'
import { Fault } from '../lib/fault.ts'
import { knownMigrations } from '../state/database.ts'
import { configure, type Invocation, toMegabytes } from './commands.ts'
import { type EmbeddedStores, embeddedStores } from './embedded-stores.ts'
import { openStores } from './open-service.ts'
import { ProgressDisplay } from './progress-display.ts'

const Progress = z.object({ phase: z.enum(['copying', 'checking', 'restoring']), done: z.number(), total: z.number() })
const Made = z.object({
  at: z.string(),
  points: z.number().default(0),
  files: z.array(z.object({ size: z.number() })),
})

/** Copies the embedded stores into a folder: by the process that holds them, or by this one when there is none. */
export async function runBackup(invocation: Invocation, dir: string): Promise<number> {
  const { config, log } = await configure(invocation)
  const embedded = requireEmbedded(embeddedStores(config.options))
  const { print, signal, cwd } = invocation
  const folder = resolve(cwd, dir)
  using display = new PhaseDisplay({ log, terminal: invocation.terminal })
  const onProgress = (progress: object) => display.update(Progress.parse(progress))
  try {
    const asked = await askControl(embedded.control, { command: 'backup', folder }, { onProgress, signal })
    const made = Made.parse(asked ? asked.done : await backUpHere())
    const bytes = made.files.reduce((sum, { size }) => sum + size, 0)
    print(`Made a backup of ${made.at} in ${folder}: ${made.points} points, ${toMegabytes(bytes)} MB.\n`)
    return 0
  } catch (error) {
    if (!signal.aborted) throw error
    print('The backup was given up; nothing of it is left.\n')
    return 1
  }

  async function backUpHere() {
    await using stores = await openStores(config, log)
    const { points, ...manifest } = await backUp(stores.backup!, folder, { signal, onProgress })
    return { ...manifest, points: points.rows['points'] }
  }
}

/** Puts the stores of a backup where the configuration wants them. */
export async function runRestore(
  invocation: Invocation,
  dir: string,
  { force = false }: { force?: boolean },
): Promise<number> {
  const { config, log } = await configure(invocation)
  const { stateFolder, pointsFile } = requireEmbedded(embeddedStores(config.options))
  const { print, signal, cwd } = invocation
  const [{ openPGlite }, { restoreDuckDBFile }] = await Promise.all([
    import('../state/pglite/open-pglite.ts'),
    import('../storage/duckdb/open-duckdb-store.ts'),
  ])
  using display = new PhaseDisplay({ log, terminal: invocation.terminal })
  try {
    const { manifest, scopes, rated, aside } = await restore(
      { openState: openPGlite, restorePoints: restoreDuckDBFile, migrations: await knownMigrations() },
      { folder: resolve(cwd, dir), stateFolder, pointsFile, force },
      { signal, onProgress: (progress) => display.update(progress) },
    )
    const extent = rated
      ? `, of which the next periods begin from ${formatInstant(rated.from)} to ${formatInstant(rated.to)}`
      : ''
    print(
      `Restored the backup of ${manifest.at}: ${manifest.points.rows['points'] ?? 0} points, ${scopes} scopes${extent}.\n`,
    )
    for (const path of aside) print(`What was there before is kept as ${path}.\n`)
    print(
      'What was rated after the backup is rated again when the service runs; what was pushed after it must be pushed again.\n',
    )
    return 0
  } catch (error) {
    if (!signal.aborted) throw error
    print('The restore was given up; the stores are as they were.\n')
    return 1
  }
}

function requireEmbedded(stores: EmbeddedStores | undefined): EmbeddedStores {
  if (stores) return stores
  throw new Fault(
    'backup.not_embedded',
    'backup and restore are of the embedded stores, [state] url = pglite:FOLDER with [storage] backend = duckdb; servers are ' +
      'backed up by their own means, PostgreSQL first, then ClickHouse: docs/operating/backup.md',
  )
}

/** One bar, or one kind of log lines, for each phase. */
class PhaseDisplay implements Disposable {
  readonly #options: ConstructorParameters<typeof ProgressDisplay>[2]
  #phase: string | undefined
  #display: ProgressDisplay | undefined

  constructor(options: ConstructorParameters<typeof ProgressDisplay>[2]) {
    this.#options = options
  }

  update({ phase, done, total }: BackupProgress | RestoreProgress): void {
    const inBytes = phase === 'checking'
    if (this.#phase !== phase) {
      this.#display?.[Symbol.dispose]()
      this.#display = new ProgressDisplay(phase, inBytes ? 'MB' : 'rows', this.#options)
      this.#phase = phase
    }
    this.#display?.update(inBytes ? toMegabytes(done) : done, inBytes ? toMegabytes(total) : total)
  }

  [Symbol.dispose](): void {
    this.#display?.[Symbol.dispose]()
  }
}
