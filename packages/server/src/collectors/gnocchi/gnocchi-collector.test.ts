import { expect, test } from 'vitest'
import { type Period, periodsFrom } from '../../domain/period.ts'
import { parseFraction } from '../../domain/fraction.ts'
import type { Metric } from '../../domain/metric.ts'
import type { SourceExchange } from '../../sources/http/source-client.ts'
import { deadUrl, type ReceivedRequest, sendJson, serveHttp } from '../../lib/testing/serve-http.ts'
import type { Collector, CollectorContext } from '../collector.ts'
import { contextOf, metricOf } from '../testing/collect-context.ts'
import { plugin } from './index.ts'
import { faultOf } from '../../lib/testing/thrown.ts'

const never = new AbortController().signal
const HOURS = periodsFrom(1_780_272_000, 2, 3600)
const CPU = gnocchiMetric({ name: 'cpu', metadata: ['flavor', 'absent'] })

function gnocchiMetric(more: Partial<Metric> & Pick<Metric, 'name'>): Metric {
  const extraArgs = plugin.extraArgs.parse({ resource_type: 'instance', ...(more.extraArgs as object) })
  return metricOf({ groupby: ['id', 'project_id'], ...more, extraArgs })
}

async function open(url: string, options: Record<string, string> = {}, context: Partial<CollectorContext> = {}) {
  const read = plugin.options.parse({
    gnocchi_auth_type: 'basic',
    gnocchi_user: 'us',
    gnocchi_endpoint: url,
    ...options,
  })
  return plugin.create(read, contextOf(context))
}

const usage = (scope: string, id: string, ...measures: [string, number, number][]) => ({
  group: { id, project_id: scope },
  measures: { measures: { aggregated: measures } },
})
const resource = (scope: string, id: string, flavor: string) => ({
  id,
  project_id: scope,
  flavor,
  revision_start: '2026-05-01T00:00:00+00:00',
  revision_end: null,
  started_at: '2026-05-01T00:00:00+00:00',
  ended_at: null,
})
const [MIDNIGHT, ONE] = ['2026-06-01T00:00:00+00:00', '2026-06-01T01:00:00+00:00']

interface MadeUpAnswers {
  readonly version?: string
  readonly aggregates?: (request: ReceivedRequest) => unknown
  readonly resources?: (request: ReceivedRequest, nth: number) => unknown
}

/** A Gnocchi of a few answers. */
async function gnocchi({ version = '4.4.2', aggregates = () => [], resources = () => [] }: MadeUpAnswers) {
  let nth = 0
  return serveHttp((request, response) => {
    if (request.url === '/') sendJson(response, { build: version })
    else if (request.url.startsWith('/v1/aggregates')) sendJson(response, aggregates(request))
    else sendJson(response, resources(request, nth++))
  })
}

const pathsOf = (requests: readonly ReceivedRequest[]) => requests.map(({ url }) => url.split('?')[0])

const refusal = (collector: Collector, metric = CPU, scopes = ['a', 'b'], periods: Period[] = HOURS) =>
  faultOf(collector.collect({ metric, scopes, periods }, never))

test('usage and resources become points: converted, with the metadata of the resource, absent ones empty', async () => {
  await using server = await gnocchi({
    aggregates: () => [
      usage('a', 'vm1', [MIDNIGHT, 3600, 2048], [ONE, 3600, 0.1]),
      usage('b', 'vm2', [ONE, 3600, 1024]),
      usage('other', 'vm3', [ONE, 3600, 1]),
    ],
    resources: () => [resource('a', 'vm1', 'small'), resource('b', 'vm2', 'large')],
  })
  await using collector = await open(server.url)
  const metric = { ...CPU, factor: parseFraction('1/1024')! }
  const points = await collector.collect({ metric, scopes: ['a', 'b'], periods: HOURS }, never)
  expect(
    points.map(({ series, begin, end, quantity }) => [series.scopeId, begin, end - begin, quantity.toString()]),
  ).toEqual([
    ['a', 1_780_272_000, 3600, '2'],
    ['a', 1_780_275_600, 3600, '0.00009765625'],
    ['b', 1_780_275_600, 3600, '1'],
  ])
  expect(points[0]!.series).toMatchObject({
    type: 'cpu',
    unit: 'unit',
    groupby: { id: 'vm1', project_id: 'a' },
    metadata: { flavor: 'small', absent: '' },
  })
  expect(points[1]!.series).toBe(points[0]!.series)
  expect(pathsOf(server.requests)).toEqual(['/', '/v1/aggregates', '/v1/search/resource/instance'])
  expect(server.requests[1]!.headers.authorization).toBe(`Basic ${Buffer.from('us:').toString('base64')}`)
})

test('the search for resources is for all scopes and revisions since the first period, a period wider than they', async () => {
  await using server = await gnocchi({ aggregates: () => [usage('a', 'vm1', [ONE, 3600, 1])] })
  await using collector = await open(server.url)
  await collector.collect({ metric: CPU, scopes: ['a', 'b'], periods: HOURS }, never)
  expect(JSON.parse(server.requests[2]!.body)).toEqual({
    and: [
      { or: [{ '=': { ended_at: null } }, { '>=': { ended_at: '2026-05-31T23:00:00+00:00' } }] },
      { '<=': { started_at: '2026-06-01T03:00:00+00:00' } },
      { or: [{ '=': { revision_end: null } }, { '>': { revision_end: '2026-06-01T00:00:00+00:00' } }] },
      { in: { project_id: ['a', 'b'] } },
    ],
  })
  const parameters = new URLSearchParams(server.requests[2]!.url.split('?')[1])
  expect(parameters.getAll('attrs').toSorted()).toEqual([
    'absent',
    'ended_at',
    'flavor',
    'id',
    'project_id',
    'revision_end',
    'revision_start',
    'started_at',
  ])
  expect(parameters.get('history')).toBe('true')
})

test('metrics of one batch share what they read of a type of resources', async () => {
  await using server = await gnocchi({
    aggregates: () => [usage('a', 'vm1', [ONE, 3600, 1])],
    resources: () => [resource('a', 'vm1', 'small')],
  })
  await using collector = await open(server.url)
  const metrics = ['cpu', 'memory', 'disk'].map((name) => gnocchiMetric({ name, metadata: ['flavor'] }))
  const points = await Promise.all(
    metrics.map((metric) => collector.collect({ metric, scopes: ['a', 'b'], periods: HOURS }, never)),
  )
  expect(points.flat().map(({ series }) => series.metadata)).toEqual(metrics.map(() => ({ flavor: 'small' })))
  expect(pathsOf(server.requests).filter((path) => path?.includes('search'))).toHaveLength(1)
})

test('a metric that needs more attributes reads them once, and from then on for all', async () => {
  await using server = await gnocchi({
    aggregates: () => [usage('a', 'vm1', [ONE, 3600, 1])],
    resources: () => [{ ...resource('a', 'vm1', 'small'), host: 'h' }],
  })
  await using collector = await open(server.url)
  const batch = async (periods: Period[]) => {
    for (const metadata of [['flavor'], ['host'], ['flavor', 'host']]) {
      await collector.collect({ metric: gnocchiMetric({ name: 'cpu', metadata }), scopes: ['a'], periods }, never)
    }
    return pathsOf(server.requests).filter((path) => path?.includes('search')).length
  }
  expect(await batch(HOURS)).toBe(2)
  expect(await batch(periodsFrom(1_780_275_600, 1, 3600))).toBe(3)
})

test('a resource that came after the shared reading is looked for once more, and left out if it is not there', async () => {
  await using server = await gnocchi({
    aggregates: ({ body }) => [usage('a', body.includes('memory') ? 'new' : 'vm1', [ONE, 3600, 1])],
    resources: (_request, nth) => [resource('a', nth === 0 ? 'vm1' : 'new', 'small')],
  })
  await using collector = await open(server.url)
  const collect = (name: string) =>
    collector.collect({ metric: gnocchiMetric({ name, metadata: ['flavor'] }), scopes: ['a'], periods: HOURS }, never)
  expect(await collect('cpu')).toHaveLength(1)
  expect(await collect('memory')).toHaveLength(1)
  expect(await collect('cpu')).toHaveLength(0)
})

test('without metadata no resources are read, and nor without usage', async () => {
  await using server = await gnocchi({
    aggregates: ({ body }) => (body.includes('ip') ? [usage('a', 'x', [ONE, 3600, 1])] : []),
  })
  await using collector = await open(server.url)
  expect(
    await collector.collect({ metric: gnocchiMetric({ name: 'ip' }), scopes: ['a'], periods: HOURS }, never),
  ).toHaveLength(1)
  expect(await collector.collect({ metric: CPU, scopes: ['a'], periods: HOURS }, never)).toEqual([])
  expect(pathsOf(server.requests)).toEqual(['/', '/v1/aggregates', '/v1/aggregates'])
})

test('nothing asked is not asked', async () => {
  await using server = await gnocchi({})
  await using collector = await open(server.url)
  expect(await collector.collect({ metric: CPU, scopes: [], periods: HOURS }, never)).toEqual([])
  expect(await collector.collect({ metric: CPU, scopes: ['a'], periods: [] }, never)).toEqual([])
  expect(server.requests).toHaveLength(0)
})

test('many scopes are asked in parts, each of them once', async () => {
  await using server = await gnocchi({
    aggregates: ({ body }) =>
      (
        JSON.parse(body) as { search: { and: [unknown, { in: { project_id: string[] } }] } }
      ).search.and[1].in.project_id.map((scope) => usage(scope, `of ${scope}`, [ONE, 3600, 1])),
  })
  await using collector = await open(server.url, { max_scopes_per_query: '30' })
  const scopes = Array.from({ length: 100 }, (_, i) => `s${i}`)
  const points = await collector.collect(
    { metric: gnocchiMetric({ name: 'ip' }), scopes: [...scopes, 's0'], periods: HOURS },
    never,
  )
  expect(points.map(({ series }) => series.scopeId).toSorted()).toEqual(scopes.toSorted())
  expect(server.requests).toHaveLength(5)
})

test('a query that looks at several instants is asked period by period, for all scopes', async () => {
  await using server = await gnocchi({})
  await using collector = await open(server.url)
  const extraArgs = { custom_query: '(aggregate max (rateofchange (metric METRIC_NAME mean)))' }
  await collector.collect(
    { metric: gnocchiMetric({ name: 'cpu', extraArgs }), scopes: ['a', 'b'], periods: HOURS },
    never,
  )
  const starts = server.requests.slice(1).map(({ url }) => new URLSearchParams(url.split('?')[1]).get('start'))
  expect(new Set(starts)).toEqual(new Set([MIDNIGHT, ONE]))
  expect(starts).toHaveLength(2)
})

test('an answer that is too large is asked for in halves', async () => {
  const sizes: number[] = []
  await using server = await gnocchi({
    aggregates: ({ url }) => {
      const parameters = new URLSearchParams(url.split('?')[1])
      const hours = (Date.parse(parameters.get('stop')!) - Date.parse(parameters.get('start')!)) / 3_600_000
      sizes.push(hours)
      return hours > 4
        ? [usage('a', 'x'.repeat(2_000_000), [ONE, 3600, 1])]
        : [usage('a', 'x', [parameters.get('start')!, 3600, 1])]
    },
  })
  await using collector = await open(server.url, { max_response_size: '1' })
  const periods = periodsFrom(1_780_272_000, 16, 3600)
  expect(
    await collector.collect({ metric: gnocchiMetric({ name: 'ip' }), scopes: ['a'], periods }, never),
  ).toHaveLength(4)
  expect(sizes.toSorted((a, b) => b - a)).toEqual([16, 8, 8, 4, 4, 4, 4])
})

test('nonsense is a fault with the metric, the period and the question', async () => {
  await using server = await gnocchi({ aggregates: () => ({ nonsense: true }) })
  await using collector = await open(server.url)
  expect(await refusal(collector, CPU, ['a'])).toMatchObject({
    code: 'collect.invalid_answer',
    message: expect.stringMatching(/^metric 'cpu': .*; operations: \["aggregate","max",.* of instance$/) as string,
    scopeIds: ['a'],
    detail: {
      metric: 'cpu',
      period: { begin: 1_780_272_000, end: 1_780_279_200 },
      query: { resourceType: 'instance' },
    },
  })
})

test('resources that cannot be read fail the metric, and are read anew the next time', async () => {
  let broken = true
  await using server = await gnocchi({
    aggregates: () => [usage('a', 'vm1', [ONE, 3600, 1])],
    resources: () => (broken ? { error: true } : [resource('a', 'vm1', 'small')]),
  })
  await using collector = await open(server.url)
  expect(await refusal(collector)).toMatchObject({ code: 'collect.invalid_answer', detail: { metric: 'cpu' } })
  broken = false
  expect(await collector.collect({ metric: CPU, scopes: ['a', 'b'], periods: HOURS }, never)).toHaveLength(1)
})

test('who gives up does not take the shared reading from others', async () => {
  let answer: (() => void) | undefined
  await using server = await serveHttp((request, response) => {
    if (request.url === '/') sendJson(response, { build: '4.4.2' })
    else if (request.url.startsWith('/v1/aggregates')) sendJson(response, [usage('a', 'vm1', [ONE, 3600, 1])])
    else if (answer) sendJson(response, [resource('a', 'vm1', 'small')])
    else answer = () => sendJson(response, [])
  })
  await using collector = await open(server.url)
  const mine = new AbortController()
  const first = collector.collect({ metric: CPU, scopes: ['a'], periods: HOURS }, mine.signal)
  await expect.poll(() => answer).toBeDefined()
  const second = collector.collect({ metric: CPU, scopes: ['a'], periods: HOURS }, never)
  await expect.poll(() => pathsOf(server.requests).filter((path) => path === '/v1/aggregates').length).toBe(2)
  mine.abort(new Error('enough'))
  await expect(first).rejects.toThrow('enough')
  expect(await second).toHaveLength(1)
})

test('a source that is not there is a fault, and exchanges are counted', async () => {
  await using collector = await open(await deadUrl())
  expect(await refusal(collector)).toMatchObject({ code: 'collect.unreachable' })
  const exchanges: SourceExchange[] = []
  await using server = await gnocchi({})
  await using other = await open(server.url, {}, { onSourceExchange: (exchange) => exchanges.push(exchange) })
  await other.collect({ metric: CPU, scopes: ['a'], periods: HOURS }, never)
  expect(exchanges.map(({ source, status }) => [source, status])).toEqual([
    ['collector_gnocchi', 200],
    ['collector_gnocchi', 200],
  ])
})

test.each([
  [{ gnocchi_endpoint: '' }, 'gnocchi_endpoint'],
  [{ gnocchi_endpoint: 'controller:8041' }, 'gnocchi_endpoint'],
  [{ gnocchi_auth_type: 'keystone' }, 'auth_url'],
])('options %j are refused, naming %s', async (options, option) => {
  await expect(async () => open('', options)).rejects.toMatchObject({
    code: 'config.invalid',
    message: expect.stringContaining(`[collector_gnocchi] ${option}`) as string,
  })
})

test("what is not said is CloudKitty's, and every measure counts", () => {
  expect(plugin.options.parse({})).toMatchObject({
    gnocchi_auth_type: 'keystone',
    interface: 'internalURL',
    region_name: 'RegionOne',
    http_pool_maxsize: 10,
    measures: 'all',
  })
})
