import { afterAll, expect, test } from 'vitest'
import { pathsOf } from '../http/route.ts'
import { type CallOptions, testApp } from '../http/testing/test-app.ts'
import { Fault } from '../lib/fault.ts'
import { leakIn } from './testing/leak-in.ts'
import { openTestApi } from './testing/open-test-api.ts'

const api = await openTestApi()
afterAll(() => api[Symbol.asyncDispose]())

const DUCKDB =
  "could not read /var/lib/cloudtabby/points.duckdb: Parser Error: syntax error at or near 'x' in SELECT a FROM b"
const CLICKHOUSE =
  'could not read http://10.0.0.7:8123: Code: 62. DB::Exception: Syntax error: SELECT sum(qty) FROM points'

/** Requests that get as far as the stores, by route. */
const OPTIONS: Readonly<Record<string, CallOptions & { readonly query?: string }>> = {
  'POST /v2/dataframes': {
    body: {
      dataframes: [
        {
          period: { begin: '2026-06-11T07:00:00', end: '2026-06-11T08:00:00' },
          usage: { a: [{ vol: { unit: 'GiB', qty: 1 }, rating: { price: 1 }, groupby: {}, metadata: {} }] },
        },
      ],
    },
  },
  'PUT /v2/scope': { body: { scope_id: 'A', state: '2026-06-10T00:00:00Z' } },
  'POST /v2/scope': { body: { scope_id: 'B' } },
  'POST /v2/task/reprocesses': {
    body: {
      scope_ids: 'A',
      reason: 'x',
      start_reprocess_time: '2026-06-01T00:00:00Z',
      end_reprocess_time: '2026-06-02T00:00:00Z',
    },
  },
}

/** Everything fails that a route may ask: how the answers of all routes read then. */
async function answersWhile(fail: () => never): Promise<{ status: number; text: string; name: string }[]> {
  const failing = <T extends object>(real: T): T =>
    new Proxy(real, {
      get(target, name) {
        const member: unknown = Reflect.get(target, name)
        if (typeof name === 'symbol' || typeof member !== 'function') return member
        return () => {
          fail()
        }
      },
    })
  const { db, points, batches, scopes, reprocesses, collectors, idempotencyKeys, modules, pipeline } = api.deps
  const app = testApp(api.routes, {
    ...api.deps,
    db: failing(db),
    points: failing(points),
    batches: failing(batches),
    scopes: failing(scopes),
    reprocesses: failing(reprocesses),
    collectors: failing(collectors),
    idempotencyKeys: failing(idempotencyKeys),
    modules: failing(modules),
    pipeline: failing(pipeline),
    metricsSource: { read: () => Promise.reject(new Error('/etc/cloudkitty/metrics.yml cannot be read: ENOENT')) },
  })
  const answers = []
  for (const route of api.routes) {
    const method = route.method === 'ANY' ? 'GET' : route.method
    const path = pathsOf(route)[0]!.replaceAll(/\{\w+\*?\}/g, '11111111-1111-4111-8111-111111111111')
    const options = OPTIONS[`${method} ${path}`] ?? (route.body ? { body: {} } : {})
    const { status, text } = await app.call(method, path, options)
    answers.push({ status, text, name: `${method} ${path}` })
  }
  return answers
}

test.each<[string, () => never]>([
  [
    'the embedded engine',
    () => {
      throw new Fault('storage.unavailable', DUCKDB, { file: '/var/lib/cloudtabby/points.duckdb' })
    },
  ],
  [
    'the server of points',
    () => {
      throw new Fault('storage.unavailable', CLICKHOUSE, {}, { cause: new Error(CLICKHOUSE) })
    },
  ],
  [
    'the disk',
    () => {
      throw new Fault('storage.write_failed', 'could not write /var/lib/x.duckdb: IO Error: ENOSPC')
    },
  ],
  [
    'memory',
    () => {
      throw new Error('Out of Memory Error: could not allocate block of size 256 KiB (/var/lib/points.duckdb)')
    },
  ],
  [
    'a statement',
    () => {
      throw new Error('Failed query: SELECT "identifier" FROM "scopes" WHERE a = $1\nparams: geheim')
    },
  ],
  [
    'Prometheus',
    () => {
      throw new Fault(
        'collect.unreachable',
        'collector_prometheus: http://10.0.0.9:9090 cannot be reached: ECONNREFUSED',
      )
    },
  ],
])('while %s fails, no answer tells where or how', async (_what, fail) => {
  const answers = await answersWhile(fail)
  expect(answers.filter(({ status }) => status >= 500).length).toBeGreaterThan(30)
  for (const { name, status, text } of answers) {
    if (status >= 400) expect([name, leakIn(text)]).toEqual([name, undefined])
  }
})

test('what is wrong in metrics.yml is told without where it lies', async () => {
  const faults = [{ where: '/etc/cloudkitty/metrics.yml:3', path: 'metrics.cpu.unit', reason: 'is required' }]
  const app = testApp(api.routes, {
    ...api.deps,
    metricsSource: { read: () => Promise.resolve({ raw: {}, readable: true, metrics: [], faults }) },
  })
  expect(await app.call('GET', '/v1/info/metrics')).toMatchObject({
    status: 405,
    json: { faultstring: 'Invalid metrics configuration: metrics.cpu.unit: is required' },
  })
})

test('a store that is closed, for real, tells nothing of where it lies', async () => {
  await api.store[Symbol.asyncDispose]()
  const { status, text } = await api.call('GET', '/v2/summary')
  expect([status, leakIn(text)]).toEqual([503, undefined])
})
