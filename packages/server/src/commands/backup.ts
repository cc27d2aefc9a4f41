import { resolve } from 'node:path'
import { z } from 'zod'
import { backUp } from '../backup/back-up.ts'
import { askControl } from '../lib/control-socket.ts'
import { embeddedStores, requireEmbedded } from '../wiring/embedded-stores.ts'
import { openStores } from '../wiring/open-stores.ts'
import { configure, type Invocation } from './invocation.ts'
import { toMegabytes } from './megabytes.ts'
import { PhaseDisplay } from './phase-display.ts'

const Progress = z.object({ phase: z.enum(['copying', 'checking', 'restoring']), done: z.number(), total: z.number() })
const Made = z.object({
  at: z.string(),
  points: z.number().default(0),
  files: z.array(z.object({ size: z.number() })),
})

/** Copies the embedded stores into a folder: by the process that holds them, or by this one when there is none. */
export async function runBackup(invocation: Invocation, dir: string): Promise<number> {
  const { config, log } = await configure(invocation)
  const embedded = requireEmbedded(embeddedStores(config))
  const { print, signal, cwd } = invocation
  const folder = resolve(cwd, dir)
  invocation.ifEnded?.(() => 'the backup was given up; the next one begins anew')
  using display = new PhaseDisplay({ log, terminal: invocation.terminal })
  const onProgress = (progress: object) => display.update(Progress.parse(progress))
  try {
    const asked = await askControl(embedded.control, { command: 'backup', folder }, { onProgress, signal })
    const made = Made.parse(asked ? asked.done : await backUpHere())
    const bytes = made.files.reduce((sum, { size }) => sum + size, 0)
    print(`Made a backup of ${made.at} in ${folder}: ${made.points} points, ${toMegabytes(bytes)} MB.\n`)
    invocation.ifEnded?.(() => `the backup in ${folder} is whole`)
    return 0
  } catch (error) {
    if (signal.aborted)
      invocation.ifEnded?.(() => 'the backup was given up and nothing of it is left; the next one begins anew')
    throw error
  }

  async function backUpHere() {
    await using stores = await openStores(config, log)
    const { points, ...manifest } = await backUp(stores.backup!, folder, { signal, onProgress })
    return { ...manifest, points: points.rows['points'] }
  }
}
