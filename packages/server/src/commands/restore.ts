import { resolve } from 'node:path'
import { restore } from '../backup/restore.ts'
import { formatInstant } from '../domain/period.ts'
import { knownMigrations } from '../state/database.ts'
import { embeddedStores, requireEmbedded } from '../wiring/embedded-stores.ts'
import { configure, type Invocation } from './invocation.ts'
import { PhaseDisplay } from './phase-display.ts'

/** Puts the stores of a backup where the configuration wants them. */
export async function runRestore(
  invocation: Invocation,
  dir: string,
  { force = false }: { force?: boolean },
): Promise<number> {
  const { config, log } = await configure(invocation)
  const { stateFolder, pointsFile, restorePoints } = requireEmbedded(embeddedStores(config))
  const { print, signal, cwd } = invocation
  const { openPGlite } = await import('../state/pglite/open-pglite.ts')
  using display = new PhaseDisplay({ log, terminal: invocation.terminal })
  try {
    const { manifest, scopes, rated, aside } = await restore(
      { openState: openPGlite, restorePoints, migrations: await knownMigrations() },
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
    if (signal.aborted)
      invocation.ifEnded?.(() => 'the restore was given up and the stores are as they were; restore again')
    throw error
  }
}
