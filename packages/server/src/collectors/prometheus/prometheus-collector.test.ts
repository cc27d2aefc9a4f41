import { expect, test } from 'vitest'
import { decimal, ZERO } from '../../domain/decimal.ts'
import { parseFraction } from '../../domain/fraction.ts'
import type { Metric } from '../../domain/metric.ts'
import { periodsFrom } from '../../domain/period.ts'
import type { SourceExchange } from '../../sources/http/source-client.ts'
import { type Answer, deadUrl, sendJson, serveHttp } from '../../lib/testing/serve-http.ts'
import type { Collector, CollectorContext } from '../collector.ts'
import { contextOf, metricOf } from '../testing/collect-context.ts'
import { plugin } from './index.ts'
import { faultOf } from '../../lib/testing/thrown.ts'

const never = new AbortController().signal
const HOURS = periodsFrom(1_780_000_000, 3, 3600)
const CPU = prometheusMetric({ name: 'cpu', groupby: ['id', 'project_id'], metadata: ['flavor'] })

function prometheusMetric(more: Partial<Metric> & Pick<Metric, 'name'>): Metric {
  return metricOf({ ...more, extraArgs: plugin.extraArgs.parse(more.extraArgs) })
}

async function open(url: string, options: Record<string, string> = {}, context: Partial<CollectorContext> = {}) {
  const read = plugin.options.parse({ prometheus_url: `${url}/api/v1`, ...options })
  return plugin.create(read, contextOf({ ...context }))
}

/** Answers every question with the same result. */
function matrix(...result: { metric: Record<string, string>; values: [number, string][] }[]): Answer {
  return (_request, response) => sendJson(response, { status: 'success', data: { resultType: 'matrix', result } })
}

const refusal = (collector: Collector, metric = CPU, scopes = ['a', 'b']) =>
  faultOf(collector.collect({ metric, scopes, periods: HOURS }, never))

test('one range query asks for all scopes and all periods, evaluated at the ends of the periods', async () => {
  await using server = await serveHttp(matrix())
  await using collector = await open(server.url)
  expect(await collector.collect({ metric: CPU, scopes: ['a', 'b'], periods: HOURS }, never)).toEqual([])
  expect(server.requests.map(({ method, url }) => [method, url])).toEqual([['POST', '/api/v1/query_range']])
  expect(Object.fromEntries(new URLSearchParams(server.requests[0]!.body))).toEqual({
    query: 'max(max_over_time(cpu{project_id=~"a|b"}[3600s])) by (id, project_id, flavor)',
    start: '1780003600',
    end: '1780010800',
    step: '3600',
    timeout: '60',
  })
})

test('an answer becomes points: label by label, missing ones empty, the scope from its label, values exact', async () => {
  await using server = await serveHttp(
    matrix(
      {
        metric: { project_id: 'a', id: 'vm1', flavor: 'small' },
        values: [
          [1_780_003_600, '0.1'],
          [1_780_010_800, '123456789.123456789'],
        ],
      },
      { metric: { project_id: 'b', id: 'vm2' }, values: [[1_780_007_200, '1']] },
    ),
  )
  await using collector = await open(server.url)
  const points = await collector.collect({ metric: CPU, scopes: ['a', 'b'], periods: HOURS }, never)
  expect(
    points.map(({ begin, end, quantity, price, rules }) => ({
      begin,
      end,
      quantity: quantity.toString(),
      price,
      rules,
    })),
  ).toEqual([
    { begin: 1_780_000_000, end: 1_780_003_600, quantity: '0.1', price: ZERO, rules: [] },
    { begin: 1_780_007_200, end: 1_780_010_800, quantity: '123456789.123456789', price: ZERO, rules: [] },
    { begin: 1_780_003_600, end: 1_780_007_200, quantity: '1', price: ZERO, rules: [] },
  ])
  expect(points.map(({ series }) => series)).toMatchObject([
    { scopeId: 'a', type: 'cpu', unit: 'unit', groupby: { id: 'vm1', project_id: 'a' }, metadata: { flavor: 'small' } },
    { scopeId: 'a', type: 'cpu', unit: 'unit', groupby: { id: 'vm1', project_id: 'a' }, metadata: { flavor: 'small' } },
    { scopeId: 'b', type: 'cpu', unit: 'unit', groupby: { id: 'vm2', project_id: 'b' }, metadata: { flavor: '' } },
  ])
  expect(points[0]!.series).toBe(points[1]!.series)
})

test('the same series of a later answer is the same object, and of another definition another one', async () => {
  await using server = await serveHttp(matrix({ metric: { project_id: 'a', id: 'x' }, values: [[1_780_003_600, '1']] }))
  await using collector = await open(server.url)
  const ask = async (metric: Metric) =>
    (await collector.collect({ metric, scopes: ['a'], periods: HOURS }, never))[0]!.series
  const series = await ask(CPU)
  expect(await ask({ ...CPU })).toBe(series)
  expect(await ask({ ...CPU, unit: 'other' })).not.toBe(series)
  expect((await ask({ ...CPU, groupby: ['project_id'] })).groupby).toEqual({ project_id: 'a' })
})

test('labels that could be mistaken for each other are told apart', async () => {
  await using server = await serveHttp(
    matrix(
      { metric: { project_id: 'a', id: 'x","y', flavor: '' }, values: [[1_780_003_600, '1']] },
      { metric: { project_id: 'a', id: 'x', flavor: 'y","' }, values: [[1_780_003_600, '1']] },
    ),
  )
  await using collector = await open(server.url)
  const points = await collector.collect({ metric: CPU, scopes: ['a'], periods: HOURS }, never)
  expect(points[0]!.series.id).not.toBe(points[1]!.series.id)
})

test('points of scopes that were not asked for are left out', async () => {
  await using server = await serveHttp(
    matrix({ metric: { project_id: 'other', id: 'x' }, values: [[1_780_003_600, '1']] }),
  )
  await using collector = await open(server.url)
  expect(await collector.collect({ metric: CPU, scopes: ['a', 'b'], periods: HOURS }, never)).toEqual([])
})

test('with a suffix each scope is asked for alone, and what comes is of that scope', async () => {
  await using server = await serveHttp(matrix({ metric: { id: 'x' }, values: [[1_780_003_600, '1']] }))
  await using collector = await open(server.url)
  const metric = prometheusMetric({ ...CPU, extraArgs: { query_suffix: '* on (id) group_left() up' } })
  const points = await collector.collect({ metric, scopes: ['a', 'b'], periods: HOURS }, never)
  expect(points.map(({ series }) => series.groupby)).toEqual([
    { id: 'x', project_id: 'a' },
    { id: 'x', project_id: 'b' },
  ])
  expect(server.requests).toHaveLength(2)
})

test('a suffix that looks at the range of the query is asked period by period', async () => {
  await using server = await serveHttp(matrix())
  await using collector = await open(server.url)
  const metric = prometheusMetric({ ...CPU, extraArgs: { query_suffix: '* on (id) group_left() (up @ end())' } })
  await collector.collect({ metric, scopes: ['a'], periods: HOURS }, never)
  const ranges = server.requests
    .map(({ body }) => new URLSearchParams(body))
    .map((form) => `${form.get('start')} ${form.get('end')}`)
  expect(ranges.toSorted()).toEqual(HOURS.map(({ end }) => `${end} ${end}`))
})

test('nothing asked is not asked', async () => {
  await using server = await serveHttp(matrix())
  await using collector = await open(server.url)
  expect(await collector.collect({ metric: CPU, scopes: [], periods: HOURS }, never)).toEqual([])
  expect(await collector.collect({ metric: CPU, scopes: ['a'], periods: [] }, never)).toEqual([])
  expect(server.requests).toHaveLength(0)
})

test.each([
  ['exact by default', {}, '123456789.5', '123456790.5'],
  ['nine digits half-up at each step, where that is asked for', { precision: '9' }, '123456789.5', '123456791'],
])('values are converted: %s', async (_how, options, value, quantity) => {
  await using server = await serveHttp(matrix({ metric: { project_id: 'a' }, values: [[1_780_003_600, value]] }))
  await using collector = await open(server.url, options as Record<string, string>)
  const metric = { ...CPU, offset: parseFraction(1)! }
  const points = await collector.collect({ metric, scopes: ['a'], periods: HOURS }, never)
  expect(points.map((point) => point.quantity.toString())).toEqual([quantity])
})

test.each([
  ['NUMBOOL', 'NaN', '1'],
  ['NUMBOOL', '+Inf', '1'],
  ['NOTNUMBOOL', 'NaN', '0'],
  ['NOTNUMBOOL', '-Inf', '0'],
  ['MAP', 'NaN', '0'],
  ['MAP', '+Inf', '0'],
] as const)('%s of %s is %s, as in CloudKitty', async (mutate, value, quantity) => {
  await using server = await serveHttp(matrix({ metric: { project_id: 'a' }, values: [[1_780_003_600, value]] }))
  await using collector = await open(server.url)
  const metric = { ...CPU, mutate, mutateMap: [[decimal('1'), decimal('5')]] } as Metric
  const points = await collector.collect({ metric, scopes: ['a'], periods: HOURS }, never)
  expect(points.map((point) => point.quantity.toString())).toEqual([quantity])
})

test.each(['NONE', 'FLOOR', 'CEIL'] as const)(
  'NaN and Inf cannot be rated with %s: the fault names the first one and every scope that has one',
  async (mutate) => {
    await using server = await serveHttp(
      matrix(
        { metric: { project_id: 'a', id: 'fine' }, values: [[1_780_003_600, '1']] },
        {
          metric: { project_id: 'b', id: 'x' },
          values: [
            [1_780_003_600, '1'],
            [1_780_007_200, 'NaN'],
          ],
        },
        {
          metric: { project_id: 'c', id: 'y' },
          values: [
            [1_780_007_200, '+Inf'],
            [1_780_010_800, '-Inf'],
          ],
        },
      ),
    )
    await using collector = await open(server.url)
    const fault = await refusal(collector, { ...CPU, mutate }, ['a', 'b', 'c'])
    expect(fault.code).toBe('collect.invalid_answer')
    expect(fault.message).toContain(
      "metric 'cpu': the value NaN of scope 'b' in the period 2026-05-28T21:26:40+00:00 to 2026-05-28T22:26:40+00:00 cannot be rated; query: max(",
    )
    expect(fault.scopeIds).toEqual(['b', 'c'])
    expect(fault.detail).toMatchObject({
      metric: 'cpu',
      value: 'NaN',
      period: HOURS[1],
      query: expect.stringContaining('max_over_time(cpu') as string,
    })
  },
)

test.each<[string, Answer, string, RegExp]>([
  [
    'an error answer',
    (_request, response) => sendJson(response, { status: 'error', errorType: 'bad_data', error: 'parse error' }, 400),
    'collect.rejected',
    /bad_data: parse error/,
  ],
  [
    'HTTP 500',
    (_request, response) => response.writeHead(500).end('<h1>Oops</h1>'),
    'collect.rejected',
    /HTTP 500: <h1>Oops/,
  ],
  [
    'a missing path',
    (_request, response) => response.writeHead(404).end('404 page not found'),
    'collect.rejected',
    /HTTP 404/,
  ],
  [
    'a redirection',
    (_request, response) => response.writeHead(302, { location: '/graph?x' }).end(),
    'collect.rejected',
    /redirects to \/graph:/,
  ],
  [
    'too many requests',
    (_request, response) => response.writeHead(429, { 'retry-after': '60' }).end('slow down'),
    'collect.overloaded',
    /HTTP 429: slow down/,
  ],
  [
    'a query that Prometheus gives up',
    (_request, response) =>
      sendJson(response, { status: 'error', errorType: 'timeout', error: 'query timed out' }, 503),
    'collect.timeout',
    /timeout: query timed out/,
  ],
  ['an empty answer', (_request, response) => response.end(), 'collect.invalid_answer', /is empty/],
  ['garbage', (_request, response) => response.end('\u0000\u0001 no json'), 'collect.invalid_answer', /is not JSON/],
  [
    'half an answer',
    (_request, response) => response.end('{"status":"success","data":{"resu'),
    'collect.invalid_answer',
    /is not JSON/,
  ],
  [
    'JSON of something else',
    (_request, response) => sendJson(response, ['hello']),
    'collect.invalid_answer',
    /is not Prometheus'/,
  ],
  [
    'another type of result',
    (_request, response) => sendJson(response, { status: 'success', data: { resultType: 'vector', result: [] } }),
    'collect.invalid_answer',
    /"vector" instead of matrix/,
  ],
  [
    'elements of another shape',
    (_request, response) =>
      sendJson(response, {
        status: 'success',
        data: { resultType: 'matrix', result: [{ metric: {}, histograms: [] }] },
      }),
    'collect.invalid_answer',
    /not a series of values/,
  ],
  [
    'a value that is no number',
    matrix({ metric: { project_id: 'a' }, values: [[1_780_003_600, 'many']] }),
    'collect.invalid_answer',
    /the value many of scope 'a'/,
  ],
  [
    'a value of another instant',
    matrix({ metric: { project_id: 'a' }, values: [[1_780_003_601, '1']] }),
    'collect.invalid_answer',
    /1780003601, which was not asked/,
  ],
])('%s is a fault that names URL, metric and query', async (_what, answer, code, message) => {
  await using server = await serveHttp(answer)
  await using collector = await open(server.url.replace('http://', 'http://rating:geheim@'))
  const fault = await refusal(collector)
  expect(fault.code).toBe(code)
  expect(fault.message).toMatch(message)
  expect(fault.message).toMatch(/^metric 'cpu': .*; query: max\(max_over_time\(cpu/)
  expect(fault.detail).toMatchObject({ metric: 'cpu', query: expect.stringContaining('cpu{') as string })
  expect(JSON.stringify([fault.message, fault.detail])).not.toContain('geheim')
})

test.each<[string, Answer, string]>([
  ['nothing at all', () => {}, 'collect.timeout'],
  [
    'a connection cut in the middle of an answer',
    (_request, response) =>
      response.writeHead(200, { 'content-length': '999' }).write('{"status":', () => response.socket?.destroy()),
    'collect.unreachable',
  ],
])('%s is a fault that names URL, metric and query', async (_what, answer, code) => {
  await using server = await serveHttp(answer)
  await using collector = await open(server.url, { timeout: '0.3' })
  const fault = await refusal(collector)
  expect(fault.code).toBe(code)
  expect(fault.message).toContain(`${server.url}/api/v1/query_range`)
  expect(fault.detail).toMatchObject({ metric: 'cpu', url: `${server.url}/api/v1/query_range` })
})

test('a Prometheus that is not there is a fault that names it', async () => {
  const url = await deadUrl()
  await using collector = await open(url)
  const fault = await refusal(collector)
  expect(fault.code).toBe('collect.unreachable')
  expect(fault.message).toContain(`${url}/api/v1/query_range cannot be reached: connection refused`)
})

test('warnings beside a result are not errors', async () => {
  await using server = await serveHttp((_request, response) =>
    sendJson(response, {
      status: 'success',
      warnings: ['one store did not answer'],
      data: { resultType: 'matrix', result: [{ metric: { project_id: 'a' }, values: [[1_780_003_600, '7']] }] },
    }),
  )
  await using collector = await open(server.url)
  expect(await collector.collect({ metric: CPU, scopes: ['a'], periods: HOURS }, never)).toHaveLength(1)
})

test('a question that is too large is asked in parts, and the parts make up the whole', async () => {
  await using server = await serveHttp((request, response) => {
    const form = new URLSearchParams(request.body)
    const [start, end] = [Number(form.get('start')), Number(form.get('end'))]
    const scopes = /project_id=~?"([^"]+)"/.exec(form.get('query')!)![1]!.split('|')
    if (((end - start) / 3600 + 1) * scopes.length > 2) {
      const error = 'query processing would load too many samples into memory in query execution'
      sendJson(response, { status: 'error', errorType: 'execution', error }, 422)
      return
    }
    const instants = Array.from({ length: (end - start) / 3600 + 1 }, (_, i) => start + i * 3600)
    const result = scopes.map((scope) => ({ metric: { project_id: scope }, values: instants.map((at) => [at, '1']) }))
    sendJson(response, { status: 'success', data: { resultType: 'matrix', result } })
  })
  await using collector = await open(server.url)
  const scopes = ['a', 'b', 'c', 'd', 'e']
  const points = await collector.collect({ metric: CPU, scopes, periods: HOURS }, never)
  expect(points.map(({ series, begin }) => `${series.scopeId} ${begin}`).toSorted()).toEqual(
    scopes.flatMap((scope) => HOURS.map(({ begin }) => `${scope} ${begin}`)).toSorted(),
  )
})

test('what is too large even for one scope in one period is a fault', async () => {
  await using server = await serveHttp((_request, response) => response.end(' '.repeat(2 * 1024 * 1024)))
  await using collector = await open(server.url, { max_response_size: '1' })
  const fault = await refusal(collector)
  expect(fault.code).toBe('collect.too_large')
  expect(fault).toMatchObject({ scopeIds: ['a'], detail: { period: HOURS[0] } })
})

test('scopes with values that cannot be rated are all named at once, each with its own, in however many questions', async () => {
  await using server = await serveHttp((request, response) => {
    const form = new URLSearchParams(request.body)
    const scopes = /project_id=~?"([^"]+)"/.exec(form.get('query')!)![1]!.split('|')
    const result = scopes.map((scope) => ({
      metric: { project_id: scope },
      values: [[Number(form.get('start')), scope === 'good' ? '1' : scope === 'inf' ? '+Inf' : 'NaN']],
    }))
    sendJson(response, { status: 'success', data: { resultType: 'matrix', result } })
  })
  await using collector = await open(server.url, { max_scopes_per_query: '2' })
  const fault = await refusal(collector, CPU, ['nan-1', 'good', 'nan-2', 'inf', 'nan-3'])
  expect(fault.scopeIds.toSorted()).toEqual(['inf', 'nan-1', 'nan-2', 'nan-3'])
  expect(fault.ofScope('inf').message).toMatch(
    /the value \+Inf of scope 'inf' in the period .* cannot be rated; query: /,
  )
  expect(fault.ofScope('nan-3').message).toMatch(/the value NaN of scope 'nan-3'/)
  expect(fault.message).toMatch(/and 3 more such faults of other scopes/)
})

test('when one part fails the others are given up', async () => {
  await using server = await serveHttp((request, response) => {
    if (request.body.includes('%22b%22')) response.writeHead(500).end('broken')
  })
  await using collector = await open(server.url)
  const metric = prometheusMetric({ ...CPU, extraArgs: { query_prefix: '2 *' } })
  const fault = await refusal(collector, metric, ['a', 'b', 'c'])
  expect(fault).toMatchObject({ scopeIds: ['b'], detail: { status: 500 } })
})

test('exchanges are told to the observer', async () => {
  const seen: SourceExchange[] = []
  await using server = await serveHttp(matrix())
  await using collector = await open(server.url, {}, { onSourceExchange: (exchange) => void seen.push(exchange) })
  await collector.collect({ metric: CPU, scopes: ['a'], periods: HOURS }, never)
  expect(seen).toMatchObject([{ source: 'collector_prometheus', status: 200 }])
})

test.each([
  ['no URL', {}, /prometheus_url|expected/i],
  ['a URL without a scheme', { prometheus_url: 'localhost:9090/api/v1' }, /http:\/\/localhost:9090\/api\/v1/],
  ['a timeout of zero', { prometheus_url: 'http://h/api/v1', timeout: '0' }, /at least 0.001/],
  [
    'more points than Prometheus permits',
    { prometheus_url: 'http://h/api/v1', max_points_per_query: '11001' },
    /11000/,
  ],
])('options with %s are refused', (_what, options, message) => {
  expect(plugin.options.safeParse(options).error?.message).toMatch(message)
})
