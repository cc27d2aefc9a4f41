import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { formatDecimal } from '../../packages/server/src/domain/decimal.ts'
import { seededRandom } from '../../packages/server/src/lib/seeded-random.ts'
import { tries } from '../../packages/server/src/lib/testing/tries.ts'
import { Batches } from '../../packages/server/src/state/batches.ts'
import { openPGlite } from '../../packages/server/src/state/pglite/open-pglite.ts'
import { openDuckDBStore } from '../../packages/server/src/storage/duckdb/open-duckdb-store.ts'
import { allPoints } from '../shared/all-points.ts'
import { createState, SCOPES, writeConfig } from './counted-cloud.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const KILLS = tries(5, 50)
const SEED = Number(process.env['CRASH_SEED'] ?? Date.now() % 1_000_000)
const BEGIN = Date.UTC(2026, 4, 1) / 1000
/** So many that kills fall into the middle of the work on a fast machine too. */
const HOURS = 24 * tries(12, 80)
/** Kills fall within so long of the first batch: a few batches' time. */
const KILL_WITHIN_MS = 150

test(
  `a catch-up that is killed ${KILLS} times gives exactly the points of an undisturbed one`,
  { timeout: 15 * 60_000 },
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'cloudtabby-crash-'))
    try {
      const undisturbed = join(folder, 'undisturbed')
      const killed = join(folder, 'killed')
      await createState(undisturbed, BEGIN)
      // Copied, so that both runs know the rules by the same ids.
      await cp(undisturbed, killed, { recursive: true })
      for (const each of [undisturbed, killed]) await writeConfig(each, BEGIN)

      expect(await exitOf(catchUp(undisturbed))).toBe(0)

      const random = seededRandom(String(SEED))
      let interrupted = 0
      for (let kill = 0; kill < KILLS; kill++) {
        const run = catchUp(killed)
        await startsRating(run)
        await sleep(random() * KILL_WITHIN_MS)
        run.kill('SIGKILL')
        if ((await exitOf(run)) === null) interrupted++
      }
      expect(await exitOf(catchUp(killed))).toBe(0)

      expect(interrupted, `seed ${SEED}: kills that came before the end`).toBeGreaterThan(KILLS / 2)
      const [wanted, found] = [await visiblePoints(undisturbed), await visiblePoints(killed)]
      expect(wanted).toHaveLength(SCOPES.length * 20 * HOURS)
      expect(found.length, `seed ${SEED}`).toBe(wanted.length)
      expect(found, `seed ${SEED}`).toEqual(wanted)
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  },
)

function catchUp(folder: string): ChildProcess {
  const until = new Date((BEGIN + HOURS * 3600 + 1) * 1000).toISOString()
  const main = join(ROOT, 'packages/server/bin/cloudtabbyd.js')
  return spawn(process.execPath, [main, 'process', '--until', until, '--config-file', 'cloudkitty.conf'], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
}

/** Resolves with the first line about rating, or when the process is gone. */
async function startsRating({ stderr }: ChildProcess): Promise<void> {
  for await (const chunk of stderr!) if (String(chunk).includes('rating: ')) break
  stderr!.resume()
}

/** Null for a process that a signal ended. */
async function exitOf(run: ChildProcess): Promise<number | null> {
  run.stderr?.resume()
  if (run.exitCode === null && run.signalCode === null) await once(run, 'exit')
  return run.exitCode
}

async function visiblePoints(folder: string): Promise<string[]> {
  await using state = await openPGlite(join(folder, 'state'))
  await using store = await openDuckDBStore({ path: join(folder, 'points.duckdb') })
  const snapshot = await new Batches(state.db, { owner: 'test', leaseSeconds: 60 }).snapshot()
  return (await allPoints(store, snapshot))
    .map((point) => {
      const { series, begin, end, quantity, price, rules } = point
      return JSON.stringify([series.id.toString(), begin, end, formatDecimal(quantity), formatDecimal(price), rules])
    })
    .toSorted()
}
