import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ClickHouseLogLevel, createClient } from '@clickhouse/client'
import { Disposer } from '../../packages/server/src/lib/disposer.ts'
import { canBeApart } from '../../packages/server/src/lib/testing/pid-namespace.ts'
import { powerCutDisk } from '../../packages/server/src/lib/testing/power-cut-disk.ts'
import { openPGlite } from '../../packages/server/src/state/pglite/open-pglite.ts'
import { openPostgres } from '../../packages/server/src/state/postgres/open-postgres.ts'
import {
  createTestDatabase,
  hasPostgres,
  type TestDatabase,
} from '../../packages/server/src/state/testing/open-test-postgres.ts'
import { makeTestStateFolder } from '../../packages/server/src/state/testing/open-test-state.ts'
import { whyNoChdb } from '../../packages/server/src/storage/testing/chdb.ts'
import { type StartedClickHouse, startClickHouse } from '../../packages/server/src/storage/testing/test-clickhouse.ts'
import { createRules } from '../shared/first-rules.ts'
import { whyNoSkew } from './fleet.ts'
import { FAULTS, LAYOUTS, type Means } from './plan.ts'

/** For all of a round's questions and writes together; what is in use by others counts, too. */
export const SCARCE_CLICKHOUSE_BYTES = 100_000_000
/** Takes a table of 128 MiB for a while. */
const HOG = 'SELECT count() FROM (SELECT number FROM numbers(6000000) GROUP BY number) FORMAT Null'
const RULES = join(import.meta.dirname, 'rules.yml')

/** What all rounds share: prepared state to copy, and the servers. */
export interface Rig extends AsyncDisposable {
  readonly means: Means
  /** What cannot be tried here, and why. */
  readonly notes: readonly string[]
  /** A copy of state with the rules in it, embedded. */
  copyState(folder: string): Promise<void>
  /** The same on PostgreSQL, in a database of its own. */
  createState(): Promise<TestDatabase>
  readonly clickhouse: RigClickHouse | undefined
}

/** One that can be killed, and comes back on the same folder and port. */
interface RigClickHouse {
  readonly url: string
  killAndRestart(afterMs: number): Promise<void>
  /** Keeps so much memory in use for so long that questions and writes whose limit is `SCARCE_CLICKHOUSE_BYTES` fail. */
  press(ms: number): Promise<void>
  dropDatabase(name: string): Promise<void>
}

/** `only`: layouts and kinds of faults, all of a kind where none of it is named. */
export async function openRig(only: readonly string[]): Promise<Rig> {
  const notes: string[] = []
  const chosen = <T extends string>(all: readonly T[]): readonly T[] => {
    const named = all.filter((one) => only.includes(one))
    return named.length > 0 ? named : all
  }
  let layouts = chosen(LAYOUTS)
  let faults = chosen(FAULTS)
  const postgres = await hasPostgres()
  if (!postgres) {
    notes.push('no PostgreSQL answers: set POSTGRES_URL; rounds are on embedded stores only')
    layouts = layouts.filter((layout) => layout === 'embedded')
  }
  const noClickHouse = whyNoChdb()
  if (noClickHouse !== undefined && layouts.includes('servers')) {
    notes.push(`rounds are not on servers: ${noClickHouse}`)
    layouts = layouts.filter((layout) => layout !== 'servers')
  }
  const noSkew = whyNoSkew()
  if (noSkew !== undefined && faults.includes('clock')) {
    notes.push(`clocks are not skewed: ${noSkew}`)
    faults = faults.filter((fault) => fault !== 'clock')
  }
  if (noSkew !== undefined && faults.includes('jump')) {
    notes.push(`clocks do not jump: ${noSkew}`)
    faults = faults.filter((fault) => fault !== 'jump')
  }
  if (process.getuid?.() !== 0 && faults.includes('disk')) {
    notes.push('disks are not filled: only root may mount a small one')
    faults = faults.filter((fault) => fault !== 'disk')
  }
  if (faults.includes('power') && !(await canCutPower())) {
    notes.push('the power of disks is not cut: only root may mount one, and it takes mkfs.ext4 and a loop device')
    faults = faults.filter((fault) => fault !== 'power')
  }
  const namespaces = canBeApart()
  if (!namespaces && faults.includes('second'))
    notes.push('second processes are not in a pid namespace of their own: that takes root and util-linux')

  const owned = new Disposer()
  try {
    const folder = await mkdtemp(join(tmpdir(), 'cloudtabby-faults-'))
    owned.defer(() => rm(folder, { recursive: true, force: true }))
    const state = join(folder, 'state')
    if (layouts.includes('embedded')) {
      await makeTestStateFolder(state)
      await using prepared = await openPGlite(state)
      await createRules(prepared.db, RULES, 0)
    }
    const template = layouts.length > 1 || !layouts.includes('embedded') ? await prepareDatabase(owned) : undefined
    const clickhouse = layouts.includes('servers')
      ? await prepareClickHouse(join(folder, 'clickhouse'), owned)
      : undefined
    return {
      means: { layouts, faults, namespaces },
      notes,
      copyState: (to) => cp(state, to, { recursive: true }),
      createState: () => createTestDatabase({ template: template! }),
      clickhouse,
      [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose](),
    }
  } catch (error) {
    await owned[Symbol.asyncDispose]()
    throw error
  }
}

async function canCutPower(): Promise<boolean> {
  const disk = await powerCutDisk(16)
  await disk?.[Symbol.asyncDispose]()
  return disk !== undefined
}

/** The name of a database with the rules in it, of which others are made: that is quicker than migrating each. */
async function prepareDatabase(owned: Disposer): Promise<string> {
  const { name, url, drop } = await createTestDatabase()
  owned.defer(drop)
  await using state = await openPostgres({ url })
  await createRules(state.db, RULES, 0)
  return name
}

async function prepareClickHouse(dir: string, owned: Disposer): Promise<RigClickHouse> {
  let server: StartedClickHouse = await startClickHouse(dir)
  owned.defer(() => server[Symbol.asyncDispose]())
  const { url } = server
  let restarting: Promise<void> = Promise.resolve()
  return {
    url,
    async killAndRestart(afterMs) {
      const before = restarting
      const restart = async (): Promise<void> => {
        await before
        await server.kill()
        await sleep(afterMs)
        server = await startAgain(dir, Number(new URL(url).port))
      }
      await (restarting = restart())
    },
    async press(ms) {
      const client = createClient({
        url,
        clickhouse_settings: { max_threads: 1 },
        log: { level: ClickHouseLogLevel.OFF },
      })
      const deadline = performance.now() + ms
      while (performance.now() < deadline) {
        // It may be killed meanwhile, by its own limit too.
        await client.command({ query: HOG }).catch(() => sleep(100))
      }
      await client.close()
    },
    async dropDatabase(name) {
      await restarting
      const client = createClient({ url })
      await client.command({ query: `DROP DATABASE IF EXISTS ${name} SYNC` })
      await client.close()
    },
  }
}

/** Somebody may hold the port for a moment as the near end of a connection. */
async function startAgain(dir: string, port: number): Promise<StartedClickHouse> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await startClickHouse(dir, { port })
    } catch (error) {
      if (attempt >= 5) throw error
      await sleep(200)
    }
  }
}
