import { existsSync } from 'node:fs'
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { formatDecimal } from '../../packages/server/src/domain/decimal.ts'
import { tries } from '../../packages/server/src/lib/testing/tries.ts'
import { Batches } from '../../packages/server/src/state/batches.ts'
import { openPGlite } from '../../packages/server/src/state/pglite/open-pglite.ts'
import { Scopes } from '../../packages/server/src/state/scopes.ts'
import { openDuckDBStore } from '../../packages/server/src/storage/duckdb/open-duckdb-store.ts'
import { runCloudtabbyd, startCloudtabbyd } from '../cli/run-cloudtabbyd.ts'
import { createState, SCOPES, writeConfig } from '../crash/counted-cloud.ts'
import { allPoints } from '../shared/all-points.ts'

const HOUR = 3600
const HOURS = 24 * tries(5, 30)
/** All of it has settled: the service rates up to the present. */
const BEGIN = Math.floor(Date.now() / 1000 / HOUR - HOURS - 2) * HOUR
const END = BEGIN + HOURS * HOUR
const POINTS_PER_PUSH = 5
/** Twenty processes are started, some of them at work when they are told to end. */
const timeout = 10 * 60_000

let root: string
const at = (...path: string[]) => join(root, ...path)
const configOf = (name: string) => ['--config-file', at(name, 'cloudkitty.conf')]

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'cloudtabby-backup-'))
  await createState(at('empty'), BEGIN)
  for (const name of ['undisturbed', 'live']) await prepare(name)
})
afterAll(() => rm(root, { recursive: true, force: true }))

/** A folder with settings; with stores that have prices only, unless it is to be filled by a restore. */
async function prepare(name: string, withStores = true): Promise<void> {
  if (withStores) await cp(at('empty'), at(name), { recursive: true })
  await writeConfig(at(name), BEGIN)
}

const rateToTheEnd = (name: string) =>
  runCloudtabbyd(['process', '--until', new Date((END + 1) * 1000).toISOString(), ...configOf(name)])

interface Bill {
  /** Rated points of the periods before END, as texts, sorted. */
  readonly rated: readonly string[]
  /** Points of each push. */
  readonly pushed: ReadonlyMap<string, number>
  readonly nextBegin: ReadonlyMap<string, number>
}

/** What readers of a folder's stores see. */
async function billOf(name: string): Promise<Bill> {
  await using state = await openPGlite(at(name, 'state'))
  await using store = await openDuckDBStore({ path: at(name, 'points.duckdb') })
  const snapshot = await new Batches(state.db, { owner: 'test', leaseSeconds: 60 }).snapshot()
  const rated: string[] = []
  const pushed = new Map<string, number>()
  for (const { series, begin, end, quantity, price, rules } of await allPoints(store, snapshot)) {
    const id = series.groupby['id'] as string
    if (series.type === 'pushed') pushed.set(id, (pushed.get(id) ?? 0) + 1)
    else if (begin < END)
      rated.push(ratedText(series.scopeId, begin, [id, end, formatDecimal(quantity), formatDecimal(price), ...rules]))
  }
  const scopes = await new Scopes(state.db).list()
  return {
    rated: rated.toSorted(),
    pushed,
    nextBegin: new Map(scopes.map((scope) => [scope.scopeId, scope.nextBegin])),
  }
}

function ratedText(scopeId: string, begin: number, rest: readonly (string | number)[]): string {
  return JSON.stringify([scopeId, begin, ...rest])
}

/** Pushes one batch after the other to a service until it is stopped. */
function pushTo(address: string) {
  const pushes = { begun: 0, done: 0 }
  const stop = new AbortController()
  const work = (async () => {
    while (!stop.signal.aborted) {
      const id = String(pushes.begun++)
      const one = {
        vol: { unit: 'x', qty: 1 },
        rating: { price: 0.1 },
        groupby: { id, project_id: 'pushed' },
        metadata: {},
      }
      const period = { begin: '2026-01-01T00:00:00+00:00', end: '2026-01-01T01:00:00+00:00' }
      const body = { dataframes: [{ period, usage: { pushed: Array.from({ length: POINTS_PER_PUSH }, () => one) } }] }
      const headers = { 'content-type': 'application/json' }
      const init = { method: 'POST', headers, body: JSON.stringify(body), signal: stop.signal }
      const answer = await fetch(`${address}/v2/dataframes`, init).catch(() => undefined)
      if (stop.signal.aborted) return
      if (answer?.status !== 204) throw new Error(`a push was answered with ${answer?.status}`)
      pushes.done++
    }
  })()
  return { pushes, end: async () => (stop.abort(), work) }
}

async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  for (const deadline = performance.now() + 120_000; !(await condition()); await sleep(5)) {
    if (performance.now() > deadline) throw new Error(`never: ${what}`)
  }
}

/** Whether a service has rated anything. */
async function hasRated(address: string): Promise<boolean> {
  const { results } = (await (await fetch(`${address}/v2/scope`)).json()) as {
    results?: { last_processed_timestamp: string | null }[]
  }
  return results?.some((scope) => scope.last_processed_timestamp !== null) ?? false
}

test(
  'a service is backed up while it rates and takes pushes; each backup is exact, and goes on to the same bill',
  { timeout },
  async () => {
    expect((await rateToTheEnd('undisturbed')).status).toBe(0)
    const whole = (await billOf('undisturbed')).rated
    expect(whole).toHaveLength(SCOPES.length * 20 * HOURS)

    const hold = at('hold')
    await writeFile(hold, `${END - 24 * HOUR}`)
    const service = startCloudtabbyd(['serve', ...configOf('live')], { COUNTED_HOLD: hold })
    const backups: { name: string; before: number; after: number }[] = []
    try {
      const [, address] = await service.prints(/"address":"(http:[^"]+)"/)
      const pushing = pushTo(address!)
      await until('it rates', () => hasRated(address!))
      for (const name of ['first', 'second']) {
        const before = pushing.pushes.done
        const made = await runCloudtabbyd(['backup', at(name), ...configOf('live')])
        expect(made.text).toMatch(/Made a backup/)
        expect(made.status).toBe(0)
        backups.push({ name, before, after: pushing.pushes.begun })
        await rm(hold, { force: true })
      }
      await pushing.end()
    } finally {
      service.process.kill('SIGKILL')
      await service.exit()
    }

    for (const { name, before, after } of backups) {
      const restored = `${name}-restored`
      await prepare(restored, false)
      expect(await runCloudtabbyd(['restore', at(name), ...configOf(restored)])).toMatchObject({ status: 0 })
      const { rated, pushed, nextBegin } = await billOf(restored)
      expect(rated).toEqual(
        whole.filter((text) => {
          const [scopeId, begin] = JSON.parse(text) as [string, number]
          return begin < (nextBegin.get(scopeId) ?? 0)
        }),
      )
      // The first one was made in the middle of the work.
      if (name === 'first') expect(rated.length).toBeLessThan(whole.length)
      expect(rated.length).toBeGreaterThan(0)
      // All pushes that were answered before, none that was sent later, each whole.
      expect([...pushed.keys()].toSorted()).toEqual(Array.from({ length: pushed.size }, (_, i) => `${i}`).toSorted())
      expect(new Set(pushed.values())).toEqual(new Set([POINTS_PER_PUSH]))
      expect(pushed.size).toBeGreaterThanOrEqual(before)
      expect(pushed.size).toBeLessThanOrEqual(after)

      expect((await rateToTheEnd(restored)).status).toBe(0)
      const ended = await billOf(restored)
      expect(ended.rated).toEqual(whole)
      expect(ended.pushed).toEqual(pushed)
    }
  },
)

test(
  'state that is older than the points is refused, until what it does not know is deleted; then the bill is whole',
  { timeout },
  async () => {
    // Both were rated to the end above: back to state as it was, beside points as they are.
    const name = 'reconciled'
    await prepare(name, false)
    expect(await runCloudtabbyd(['restore', at('first'), ...configOf(name)])).toMatchObject({ status: 0 })
    await cp(at('second-restored', 'points.duckdb'), at(name, 'points.duckdb'))
    expect(await rateToTheEnd(name)).toMatchObject({
      status: 1,
      text: expect.stringMatching(/the points store holds batches up to \d+, and state knows of \d+ only/),
    })
    const show = () => runCloudtabbyd(['reconcile', ...configOf(name)])
    expect(await show()).toMatchObject({ status: 1, text: expect.stringMatching(/holds \d+ points of the batches/) })
    expect(await runCloudtabbyd(['reconcile', '--delete', ...configOf(name)])).toMatchObject({ status: 0 })
    expect(await runCloudtabbyd(['hold', '--hours', '1', ...configOf(name)])).toMatchObject({ status: 0 })
    expect((await rateToTheEnd(name)).status).toBe(0)
    expect((await billOf(name)).rated).toEqual((await billOf('undisturbed')).rated)
  },
)

test(
  'a backup whose command or service is killed leaves nothing that can be restored, and can be made again',
  { timeout },
  async () => {
    const partial = at('killed.partial')
    const service = startCloudtabbyd(['serve', ...configOf('live')])
    try {
      await service.prints(/"address"/)
      const command = startCloudtabbyd(['backup', at('killed'), ...configOf('live')])
      await until('the backup begins', () => existsSync(partial))
      command.process.kill('SIGKILL')
      await until('the service gives it up', () => !existsSync(partial))
      expect(existsSync(at('killed'))).toBe(false)

      const second = startCloudtabbyd(['backup', at('killed'), ...configOf('live')])
      await until('the second backup begins', () => existsSync(partial))
      service.process.kill('SIGKILL')
      expect(await second.exit()).toBe(1)
      expect(second.text()).toMatch(/the service was ended before it had done what it was asked for/)
    } finally {
      service.process.kill('SIGKILL')
      await service.exit()
    }
    expect(existsSync(at('killed'))).toBe(false)
    await prepare('from-killed', false)
    const refused = await runCloudtabbyd(['restore', partial, ...configOf('from-killed')])
    expect(refused).toMatchObject({ status: 1, text: expect.stringMatching(/is no backup that can be restored/) })

    // Nobody serves now: the command opens the stores itself, and takes the place of what was left.
    expect(await runCloudtabbyd(['backup', at('killed'), ...configOf('live')])).toMatchObject({ status: 0 })
    expect(existsSync(partial)).toBe(false)
    const file = at('killed', 'points', 'series-0001.parquet')
    const bytes = await readFile(file)
    bytes[bytes.length >> 1]! ^= 1
    await writeFile(file, bytes)
    const damaged = await runCloudtabbyd(['restore', at('killed'), ...configOf('from-killed')])
    expect(damaged).toMatchObject({
      status: 1,
      text: expect.stringMatching(/series-0001\.parquet was changed or is damaged/),
    })
    expect(existsSync(at('from-killed', 'state'))).toBe(false)
  },
)
