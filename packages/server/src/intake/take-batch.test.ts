import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { Registry } from 'prom-client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { decimal } from '../domain/decimal.ts'
import type { Sample } from '../domain/sample.ts'
import { faultOf } from '../lib/testing/thrown.ts'
import { listAudit } from '../state/audit.ts'
import { Batches } from '../state/batches.ts'
import { IdempotencyKeys } from '../state/idempotency-keys.ts'
import { Imports } from '../state/imports.ts'
import type { State } from '../state/database.ts'
import { openTestState } from '../state/testing/open-test-state.ts'
import type { PointStore } from '../storage/point-store.ts'
import { leaky } from '../storage/testing/leaky.ts'
import { EVERYTHING, point, query, series } from '../storage/testing/points.ts'
import { openTestStore } from '../storage/testing/open-test-store.ts'
import { importFile } from './import-csv.ts'
import { pushPoints } from './push-points.ts'
import { intakeEvents } from './events.ts'
import { type Intake, takeBatch } from './take-batch.ts'
import { takeSamples } from './take-samples.ts'

let state: State
let folder: string
beforeAll(async () => {
  state = await openTestState()
  folder = await mkdtemp(join(tmpdir(), 'cloudtabby-take-batch-'))
})
afterAll(async () => {
  await state[Symbol.asyncDispose]()
  await rm(folder, { recursive: true })
})

const registry = new Registry()
const events = intakeEvents(pino({ level: 'silent' }), registry)
const never = new AbortController().signal
const author = { who: 'somebody' }
const parts = (leaseSeconds = 60) => ({ batches: new Batches(state.db, { owner: 'test', leaseSeconds }), events })
const intake = (more: Partial<Intake<string, string>> = {}): Intake<string, string> => ({
  kind: 'pushed',
  author,
  signal: never,
  write: async () => 'written',
  store: { count: async () => ({ points: 0, samples: 0 }) },
  rows: () => ({}),
  audit: (batch) => ({ action: 'push', kind: 'dataframes', target: `batch ${batch}` }),
  ...more,
})
const hidden = async () => (await new Batches(state.db, { owner: 'reader', leaseSeconds: 60 }).snapshot()).hidden
const recordsOf = async (batch: number) =>
  (await listAudit(state.db, { limit: 1000 })).filter(({ target }) => target === `batch ${batch}`).length
async function* csvLines(rows: number): AsyncGenerator<string> {
  yield 'timestamp,name,value,project_id\n'
  for (let i = 0; i < rows; i += 1000) {
    yield Array.from({ length: 1000 }, (_, k) => `${1_780_272_000 + i + k},cpu,1,p1\n`).join('')
  }
}

test('what is taken counts at once, with its audit record', async () => {
  const taken = await takeBatch(parts(), intake())
  expect(taken).toEqual({ again: false, batch: expect.any(Number), written: 'written' })
  if (taken.again) throw new Error('it was never taken before')
  expect(await hidden()).not.toContain(taken.batch)
  expect(await recordsOf(taken.batch)).toBe(1)
})

test('what goes wrong while it is written leaves nothing to be seen, and no record', async () => {
  let batch = 0
  const broken = new Error('the disk is full')
  const write = async (id: number) => {
    batch = id
    throw broken
  }
  await expect(takeBatch(parts(), intake({ write }))).rejects.toBe(broken)
  expect(await hidden()).toContain(batch)
  expect(await recordsOf(batch)).toBe(0)
})

test('what the store has lost without a word does not count, leaves no record, and may be sent again', async () => {
  await using store = await openTestStore()
  let batch = 0
  const lossy = intake({
    write: async (id) => {
      batch = id
      await store.write(id, [point(series()), point(series())])
      return 'two points'
    },
    store,
    rows: () => ({ points: 2 }),
  })
  {
    using _ = leaky(store)
    const fault = await faultOf(takeBatch(parts(), lossy))
    expect(fault).toMatchObject({ code: 'storage.incomplete', status: 503, retryAfterSeconds: 5 })
  }
  expect(await hidden()).toContain(batch)
  expect(await recordsOf(batch)).toBe(0)
  expect(await takeBatch(parts(), lossy)).toMatchObject({ again: false, batch })
})

test('an import of which the store has lost a sample without a word is not recorded; again, all of it is there', async () => {
  await using store = await openTestStore()
  const path = join(folder, 'lost.csv')
  await writeFile(path, 'timestamp,name,value,project_id\n2026-06-01,cpu,1,lost\n2026-06-02,cpu,1,lost\n')
  const options = { path, scopeKey: 'project_id', who: 'somebody', signal: never }
  const imported = () => importFile({ ...parts(), imports: new Imports(state.db), store }, options)
  {
    using _ = leaky(store)
    await expect(imported()).rejects.toMatchObject({ code: 'storage.incomplete' })
  }
  expect(await imported()).toMatchObject({ again: false, rows: 2 })
  expect(await imported()).toMatchObject({ again: true, rows: 2 })
})

test('when somebody else has taken it meanwhile, theirs counts and this one does not', async () => {
  let batch = 0
  const taken = await takeBatch(
    parts(),
    intake({
      write: async (id) => {
        batch = id
        return 'mine'
      },
      once: {
        note: () => Promise.reject(new Error('duplicate key')),
        find: () => Promise.resolve('theirs'),
      },
    }),
  )
  expect(taken).toEqual({ again: true, known: 'theirs' })
  expect(await hidden()).toContain(batch)
  expect(await recordsOf(batch)).toBe(0)
})

test('what failed for another reason is not taken for what was there before', async () => {
  const once = { note: () => Promise.resolve(), find: () => Promise.resolve('theirs') }
  const write = () => Promise.reject(new Error('unreadable'))
  await expect(takeBatch(parts(), intake({ write, once }))).rejects.toThrow('unreadable')
})

test('a batch that is written for longer than its lease stays ours', async () => {
  const { batches } = parts(0.3)
  let renewed = 0
  const counted = {
    leaseSeconds: batches.leaseSeconds,
    begin: batches.begin.bind(batches),
    commit: batches.commit.bind(batches),
    abandon: batches.abandon.bind(batches),
    async renew(batch: number) {
      const held = await batches.renew(batch)
      renewed++
      enough()
      return held
    },
  }
  let enough = () => {}
  const write = () => new Promise<string>((done) => (enough = () => renewed > 5 && done('written')))
  const taken = await takeBatch({ batches: counted, events }, intake({ write }))
  expect(taken).toMatchObject({ again: false })
})

test('an import that loses its lease stops, and says to do it again', async () => {
  const path = join(folder, 'usage.csv')
  await writeFile(path, csvLines(200_000))
  await using store = await openTestStore()
  const { batches } = parts(0.03)
  let groups = 0
  const writeSamples = async (_batch: number, _samples: readonly Sample[], signal?: AbortSignal) => {
    groups++
    await batches.abandonAll()
    // Its next heartbeat tells it.
    await new Promise((lost) => signal?.addEventListener('abort', lost, { once: true }))
  }
  const imports = new Imports(state.db)
  const options = { path, scopeKey: 'project_id', who: 'somebody', signal: never }
  const fault = await faultOf(
    importFile({ batches, imports, events, store: { writeSamples, count: store.count.bind(store) } }, options),
  )
  expect(fault).toMatchObject({ code: 'state.fenced', message: expect.stringContaining('Do it again') })
  expect(groups).toBe(1)
  // The same file is not taken for one that was imported.
  const { again, rows } = await importFile({ ...parts(), imports, store }, options)
  expect({ again, rows }).toEqual({ again: false, rows: 200_000 })
})

test('two imports of one file at the same time bring its samples once', async () => {
  const path = join(folder, 'twice.csv')
  await writeFile(path, 'timestamp,name,value,project_id\n2026-06-01,cpu,1,p1\n2026-06-01,cpu,1,p1\n')
  await using store = await openTestStore()
  const options = { path, scopeKey: 'project_id', who: 'somebody', signal: never }
  const together = { ...parts(), imports: new Imports(state.db), store }
  const both = await Promise.all([importFile(together, options), importFile(together, options)])
  expect(both.filter(({ again }) => again)).toHaveLength(1)
  expect(new Set(both.map(({ batch }) => batch)).size).toBe(1)
})

test('a push whose client stalls for longer than the lease keeps its batch', async () => {
  await using store = await openTestStore()
  const { batches } = parts(0.3)
  let renewals = 0
  let goOn = () => {}
  const stalled = new Promise<void>((resume) => (goOn = resume))
  const renew = async (batch: number) => {
    const held = await batches.renew(batch)
    if (++renewals > 5) goOn()
    return held
  }
  const watched = {
    leaseSeconds: 0.3,
    renew,
    begin: batches.begin.bind(batches),
    commit: batches.commit.bind(batches),
    abandon: batches.abandon.bind(batches),
  }
  await pushPoints(
    { batches: watched, events, points: store, idempotencyKeys: new IdempotencyKeys(state.db) },
    {
      body: (async function* () {
        yield new Uint8Array()
        await stalled
      })(),
      async *read(body) {
        for await (const _ of body) yield [point(series())]
      },
      key: undefined,
      author,
      signal: never,
    },
  )
  const { highest } = await batches.snapshot()
  expect((await store.total(query(), { ...EVERYTHING, highest })).rows[0]?.values.map(String)).toEqual(['1', '0'])
})

test('samples of a receiver are taken as one batch, which stops when its lease is lost, and each outcome is counted', async () => {
  const store = await openTestStore()
  const counted = async () => {
    const { values } = await registry.getSingleMetric('cloudtabby_intake_batches_total')!.get()
    return new Map(values.map(({ labels, value }) => [`${labels['kind']} ${labels['outcome']}`, value]))
  }
  const before = await counted()
  const more = async (what: string) => ((await counted()).get(what) ?? 0) - (before.get(what) ?? 0)
  const options = { scopeKey: 'project_id', author, signal: never }
  const sample = (i: number, labels: Record<string, string> = { project_id: 'p' }): Sample => ({
    name: 'cpu',
    at: 1_780_272_000 + i,
    value: decimal('1'),
    labels,
  })
  const seen = async () => (await store.sampleScopes('project_id', await parts().batches.snapshot(), never)).length
  await takeSamples({ ...parts(), store }, [sample(0), sample(1)], options)
  expect([await more('pushed taken'), await seen()]).toEqual([1, 1])
  await expect(takeSamples({ ...parts(), store }, [sample(0), sample(1, {})], options)).rejects.toThrow(
    'no label project_id',
  )
  expect(await more('pushed failed')).toBe(1)

  const batches = new Batches(state.db, { owner: 'test', leaseSeconds: 1 })
  batches.renew = async () => false
  let written = 0
  const slow: Pick<PointStore, 'writeSamples' | 'count'> = {
    count: store.count.bind(store),
    writeSamples: async (_batch, _samples, signal) => {
      written++
      await new Promise((_resolve, reject) => signal!.addEventListener('abort', () => reject(signal!.reason as Error)))
    },
  }
  const many = Array.from({ length: 20_000 }, (_, i) => sample(i))
  await expect(takeSamples({ batches, events, store: slow }, many, options)).rejects.toMatchObject({
    code: 'state.fenced',
  })
  expect([written, await more('pushed lost')]).toEqual([1, 1])
  await store[Symbol.asyncDispose]()
})
