import { copyFile, cp, mkdtemp, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { isThorough } from '../lib/testing/tries.ts'
import { AuditTrail, listAudit } from '../state/audit.ts'
import { makeTestStateFolder } from '../state/testing/open-test-state.ts'
import { createApi } from '../wiring/create-api.ts'
import { openProcessor } from '../wiring/open-processor.ts'
import type { Service } from '../wiring/open-service.ts'
import { runImport } from './import.ts'
import { open } from './invocation.ts'
import { processWithProgress, runProcess } from './process.ts'
import { runReconcile } from './reconcile.ts'
import { invocationIn } from './testing/invocation-in.ts'

const JUNE = Date.UTC(2026, 5, 1) / 1000
const HOUR = 3600

// Each opens embedded state five times and more, which takes seconds on a busy machine.
vi.setConfig({ testTimeout: 10 * 60_000 })

/** `image` is what a power cut would leave: rated, imported and pushed in part long ago, in part just before it. */
let root: string
/** The bill as it was. */
let whole: string[]
let folder: string
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'cloudtabby-reconcile-'))
  folder = join(root, 'making')
  await makeTestStateFolder(join(folder, 'state'))
  await configure()
  await makeImage(join(root, 'image'))
}, 600_000)
afterAll(() => rm(root, { recursive: true, force: true }))

let tried = 0
beforeEach(async () => {
  folder = join(root, `try-${tried++}`)
  await cp(join(root, 'image'), folder, { recursive: true })
  await configure()
})

async function configure(points = 'points.duckdb'): Promise<void> {
  await writeFile(join(folder, 'metrics.yml'), 'metrics:\n  cpu:\n    unit: instance\n')
  await writeFile(
    join(folder, 'cloudkitty.conf'),
    `[DEFAULT]\nauth_strategy = noauth\nlog_file = ${folder}/log\n[fetcher]\nbackend = samples\n` +
      '[collect]\ncollector = samples\nwait_periods = 1\nbegin = first-sample\nscope_key = tenant\n' +
      `metrics_conf = ${folder}/metrics.yml\n[state]\nurl = pglite:${folder}/state\n` +
      `[storage_duckdb]\npath = ${folder}/${points}\n`,
  )
}

const invocation = () => invocationIn(folder)

/** Two tenants, a sample for each at every hour. */
async function importHours(name: string, from: number, to: number): Promise<number> {
  const hours = Array.from({ length: to - from }, (_, i) => from + i)
  const lines = hours.flatMap((hour) => ['a', 'b'].map((tenant) => `${JUNE + hour * HOUR},cpu,${hour + 1},${tenant}\n`))
  await writeFile(join(folder, name), `timestamp,name,value,tenant\n${lines.join('')}`)
  return runImport(invocation(), name)
}

async function push(service: Service, id: string): Promise<number> {
  await using api = createApi(service)
  const period = { begin: '2026-05-01T00:00:00+00:00', end: '2026-05-01T01:00:00+00:00' }
  const point = { vol: { unit: 'x', qty: 7 }, rating: { price: 1 }, groupby: { id, tenant: 'a' }, metadata: {} }
  const body = JSON.stringify({ dataframes: [{ period, usage: { pushed: [point] } }] })
  const headers = { 'content-type': 'application/json', 'x-roles': 'admin', 'idempotency-key': id }
  const request = new Request('http://127.0.0.1/v2/dataframes', { method: 'POST', headers, body })
  return (await api.app.fetch(request)).status
}

/** What a process leaves that is killed: the file as it was folded last, and the log since. */
async function makeImage(image: string): Promise<void> {
  expect(await importHours('samples.csv', 0, 48)).toBe(0)
  expect(await runProcess(invocation(), JUNE + 11 * HOUR)).toBe(0)
  {
    await using service = await open(invocation())
    expect(await push(service, 'early')).toBe(204)
  }
  await using service = await open(invocation())
  await using unit = await openProcessor(service)
  for (const hour of [21, 31]) await processWithProgress(service, unit, invocation(), JUNE + hour * HOUR)
  expect(await push(service, 'late')).toBe(204)
  await processWithProgress(service, unit, invocation(), JUNE + 41 * HOUR)
  whole = await bill(service)
  expect(whole).toHaveLength(2 * 40 + 2)
  const copy = async (name: string) => copyFile(join(folder, name), join(image, name))
  await service.backup!.state.copyTo(join(image, 'state'))
  await cp(join(image, 'state'), join(image, 'state-copy'), { recursive: true })
  await rm(join(image, 'state'), { recursive: true })
  await cp(join(image, 'state-copy'), join(image, 'state', 'pglite'), { recursive: true })
  await rm(join(image, 'state-copy'), { recursive: true })
  for (const name of ['points.duckdb', 'points.duckdb.wal', 'samples.csv']) await copy(name)
}

/** What a reader sees of each tenant, type and hour. */
async function bill(opened?: Service): Promise<string[]> {
  await using own = opened ? undefined : await open(invocation())
  const { store, batches } = opened ?? own!
  const { points } = await store.retrieve(
    { begin: 0, end: 2 * JUNE, types: [], attributes: new Map(), offset: 0, limit: undefined },
    await batches.snapshot(),
  )
  return points.map(({ series, begin, quantity }) => `${series.scopeId} ${series.type} ${begin} ${String(quantity)}`)
}

/** Sends both pushes again, of which each counts once; the bill then. */
async function pushAgain(): Promise<string[]> {
  await using service = await open(invocation())
  for (const id of ['early', 'late']) expect(await push(service, id)).toBe(204)
  return await bill(service)
}

const reconcile = async (flags: Parameters<typeof runReconcile>[1]) => {
  const call = invocation()
  return { status: await runReconcile(call, flags), printed: call.takePrinted() }
}
/** What was recorded last. */
async function newestRecord() {
  await using service = await open(invocation())
  return (await listAudit(service.db, { limit: 1 }))[0]
}
const refused = () => expect(open(invocation())).rejects.toMatchObject({ code: 'points.older_than_state' })

test('stores that fit are opened, also after a wrong path was set right, and there is nothing to reconcile', async () => {
  await configure('wrong.duckdb')
  await refused()
  await configure()
  expect(await bill()).toEqual(whole)
  expect(await reconcile({ pointsLost: true })).toEqual({
    status: 0,
    printed: `No points are gone from DuckDB, ${folder}/points.duckdb: nothing to do.\n`,
  })
})

test.each(isThorough ? ['deleted', 'cut'] : ['cut'])(
  'a write-ahead log that was %s is noticed; what it had is rated again, and only that',
  async (how) => {
    const log = join(folder, 'points.duckdb.wal')
    if (how === 'deleted') await rm(log)
    else await truncate(log, Math.floor((await stat(log)).size / 2))
    await refused()
    expect(await reconcile({})).toMatchObject({
      status: 1,
      printed: expect.stringMatching(/reconcile --points-lost$/m),
    })
    // Killed when what is left of torn batches is deleted, and nothing is marked yet.
    const spy = vi.spyOn(AuditTrail.prototype, 'record').mockRejectedValueOnce(new Error('killed'))
    await expect(reconcile({ pointsLost: true })).rejects.toThrow('killed')
    spy.mockRestore()
    await refused()
    const { status, printed: text } = await reconcile({ pointsLost: true })
    expect(status).toBe(0)
    expect(text).toMatch(/batches that count are gone from the points store/)
    const [, again] = /Marked as not rated: (\d+) scope periods of 2 scopes/.exec(text)!
    expect(Number(again)).toBe(how === 'deleted' ? 60 : Number(again))
    expect(Number(again)).toBeLessThanOrEqual(60)
    expect(text).toMatch(/ {2}push \(batch \d+\): 1 points, \S+, by /)
    expect(text).not.toMatch(/import of/)
    const [, batches] = /^(\d+) batches that count are gone/m.exec(text)!
    expect(await newestRecord()).toMatchObject({
      who: 'cloudtabbyd reconcile',
      action: 'reset',
      kind: 'points_store',
      target: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
      after: { scopes: 2, scope_periods: Number(again), to_send_again: 1, batches: Number(batches) },
    })
    expect((await reconcile({ pointsLost: true })).printed).toMatch(/nothing to do/)

    const kept = await bill()
    expect(kept).toHaveLength(whole.length - Number(again) - 1)
    expect(await runProcess(invocation(), JUNE + 41 * HOUR)).toBe(0)
    expect(await pushAgain()).toEqual(whole)
  },
)

test.each(isThorough ? ['deleted', 'elsewhere'] : ['deleted'])(
  'a file that was %s is noticed; what is sent and rated again makes the same bill',
  async (how) => {
    if (how === 'deleted') {
      await rm(join(folder, 'points.duckdb'))
      await refused()
      await rm(join(folder, 'points.duckdb.wal'))
    } else await configure('wrong.duckdb')
    await refused()
    const { status, printed: text } = await reconcile({ pointsLost: true })
    expect(status).toBe(0)
    expect(text).toMatch(/is new and empty: all that state knows of is gone/)
    expect(text).toMatch(
      /Marked as not rated: 80 scope periods of 2 scopes, between 2026-06-01T00:00:00\+00:00 and 2026-06-02T16:00:00/,
    )
    expect(text).toMatch(/ {2}import of \S+samples.csv \(batch \d+\): 96 samples/)
    expect(text.match(/ {2}push /g)).toHaveLength(2)
    expect((await reconcile({ pointsLost: true })).printed).toMatch(/nothing to do/)

    expect(await importHours('samples.csv', 0, 48)).toBe(0)
    expect(await runProcess(invocation(), JUNE + 41 * HOUR)).toBe(0)
    expect(await pushAgain()).toEqual(whole)
  },
)

test('another installation’s points are refused, and not touched without being told twice', async () => {
  const ours = folder
  folder = join(root, 'other')
  await makeTestStateFolder(join(folder, 'state'))
  await configure()
  expect(await importHours('other.csv', 0, 3)).toBe(0)
  await copyFile(join(folder, 'points.duckdb'), join(ours, 'points.duckdb'))
  await rm(join(ours, 'points.duckdb.wal'), { force: true })
  folder = ours
  await refused()
  expect(await reconcile({ delete: true })).toMatchObject({ status: 1 })
  expect(await reconcile({ pointsLost: true })).toMatchObject({
    status: 1,
    printed: expect.stringMatching(/is another one than state belongs to\. .*reconcile --points-lost --delete/),
  })
  await refused()
  expect(await reconcile({ pointsLost: true, delete: true })).toMatchObject({ status: 0 })
  expect(await bill()).toEqual([])
})

test('state without points, and no state at all, take the store that is there', async () => {
  await rm(join(folder, 'state'), { recursive: true })
  await rm(join(folder, 'points.duckdb'))
  await rm(join(folder, 'points.duckdb.wal'))
  await makeTestStateFolder(join(folder, 'state'))
  expect(await bill()).toEqual([])
  await rm(join(folder, 'points.duckdb'))
  expect(await bill()).toEqual([])
})
