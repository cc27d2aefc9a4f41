import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { add, compare, type Decimal, decimal, roundScale, STORED_SCALE, ZERO } from '../../domain/decimal.ts'
import type { Metric } from '../../domain/metric.ts'
import { type Period, periodsFrom, toDate } from '../../domain/period.ts'
import type { Point } from '../../domain/point.ts'
import type { Collector } from '../collector.ts'
import { contextOf, metricOf } from '../testing/collect-context.ts'
import { type SeriesData, startPrometheus, type TestPrometheus, whyNoPrometheus } from '../testing/start-prometheus.ts'
import { plugin } from './index.ts'

const missing = whyNoPrometheus()
const never = new AbortController().signal

const BEGIN = Date.UTC(2026, 5, 1) / 1000
const HOURS = 24
/** Never on a period's boundary: Prometheus 2 counts a sample at the begin of a range in, Prometheus 3 does not. */
const FIRST = BEGIN + 150
const STEP = 300

/** Each means something in a regular expression, in PromQL or in JSON. */
const ODD_SCOPES = [
  'a.b',
  'axb',
  'a|b',
  'a',
  'b',
  String.raw`back\slash`,
  String.raw`\d`,
  'quo"te',
  '{x="y"}',
  '(.*)',
  '東京',
  'two words',
]
const SCOPES = Array.from({ length: 50 }, (_, i) => `scope-${String(i + 1).padStart(2, '0')}`)
const KINDS = ['instance_up', 'volume_gib', 'image_bytes', 'port_out', 'port_in', 'ip_floating', 'objects_bytes']

/** A small generator with a fixed seed (mulberry32): the same cloud in every run. */
function random(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) % below
  }
}

/** Some series of every kind for every scope, some with gaps, some that begin or end within the day. */
function cloud(): SeriesData[] {
  const draw = random(20_260_601)
  return KINDS.flatMap((name) =>
    [...SCOPES, ...ODD_SCOPES].flatMap((scope) =>
      Array.from({ length: 1 + draw(3) }, (_, i) => {
        const [from, to, gap] = [draw(40), 200 + draw(88), 2 + draw(30)]
        const instants = Array.from({ length: (HOURS * 3600) / STEP }, (_, n) => n).filter(
          (n) => n >= from && n < to && (draw(4) > 0 || n % gap > 0),
        )
        const labels = {
          project_id: scope,
          id: `${name}-${i}`,
          flavor: ['small', 'large'][draw(2)]!,
          host: `h${draw(3)}`,
        }
        const samples = instants.map((n) => [FIRST + n * STEP, `${draw(1000)}.${draw(8) * 125}`] as const)
        return { name, labels, samples }
      }),
    ),
  )
}

function prometheusMetric(more: Partial<Metric> & Pick<Metric, 'name'>): Metric {
  return metricOf({
    groupby: ['id', 'project_id'],
    metadata: ['flavor'],
    ...more,
    extraArgs: plugin.extraArgs.parse(more.extraArgs),
  })
}

describe.skipIf(missing !== undefined)(`against a real Prometheus${missing ? ` (skipped: ${missing})` : ''}`, () => {
  const data = cloud()
  let prometheus: TestPrometheus
  let collector: Collector

  beforeAll(async () => {
    prometheus = await startPrometheus(data)
    collector = await plugin.create(plugin.options.parse({ prometheus_url: prometheus.url }), contextOf())
  })
  afterAll(async () => {
    await collector?.[Symbol.asyncDispose]()
    await prometheus?.[Symbol.asyncDispose]()
  })

  test.each(['max', 'min', 'sum', 'count'] as const)(
    '%s over each hour equals what is worked out from the samples that were put in',
    async (method) => {
      const metric = prometheusMetric({
        name: 'volume_gib',
        groupby: ['flavor', 'project_id'],
        metadata: ['absent'],
        extraArgs: { aggregation_method: method },
      })
      const scopes = [...SCOPES, ...ODD_SCOPES]
      const periods = periodsFrom(BEGIN, HOURS, 3600)
      const wanted = new Map<string, Decimal>()
      for (const scope of scopes) {
        for (const period of periods) {
          for (const flavor of ['small', 'large']) {
            const value = workOut(method, data, { name: 'volume_gib', scope, flavor, period })
            if (value) wanted.set(JSON.stringify([period.begin, scope, { flavor, project_id: scope }]), value)
          }
        }
      }
      const points = await collector.collect({ metric, scopes, periods }, never)
      const got = new Map(
        points.map(({ series, begin, quantity }) => [
          JSON.stringify([begin, series.scopeId, series.groupby]),
          quantity,
        ]),
      )
      expect(points.every(({ series, begin, end }) => series.metadata['absent'] === '' && end === begin + 3600)).toBe(
        true,
      )
      expect(texts(got)).toEqual(texts(wanted))
    },
  )

  test('many scopes and periods at once give what CloudKitty gets one by one', async () => {
    const anyMetric = fc.record({
      name: fc.constantFrom(...KINDS),
      groupby: fc.subarray(['id', 'flavor', 'host']).map((labels) => [...labels, 'project_id']),
      extraArgs: fc.record(
        {
          aggregation_method: fc.constantFrom('avg', 'count', 'max', 'min', 'stddev', 'stdvar', 'sum'),
          query_function: fc.constantFrom('abs', 'ceil', 'exp', 'floor', 'ln', 'log2', 'log10', 'round', 'sqrt'),
          range_function: fc.constantFrom('changes', 'delta', 'deriv', 'idelta', 'irate', 'rate'),
          query_suffix: fc.constantFrom('* 2', '> 100', '* on (id, project_id) group_left () (instance_up > 0)'),
        },
        { requiredKeys: [] },
      ),
    })
    await fc.assert(
      fc.asyncProperty(
        anyMetric,
        fc.uniqueArray(fc.constantFrom(...ODD_SCOPES, ...SCOPES.slice(0, 4), 'nobody'), { minLength: 1, maxLength: 4 }),
        fc.record({
          from: fc.integer({ min: -3600, max: 22 * 3600 }),
          count: fc.integer({ min: 1, max: 4 }),
          // Whole steps, from a boundary on: so no sample is on the begin of a range.
          steps: fc.integer({ min: 1, max: 12 }),
        }),
        async ({ name, groupby, extraArgs }, scopes, { from, count, steps }) => {
          const begin = BEGIN + Math.floor(from / STEP) * STEP
          const periods = periodsFrom(begin, count, steps * STEP)
          const metric = prometheusMetric({ name, groupby, metadata: [], extraArgs })
          const wanted = await Promise.all(
            scopes.flatMap((scope) => periods.map((period) => askAsCloudKitty(prometheus.url, metric, scope, period))),
          )
          const rows = wanted.flat()
          // NaN and Inf come of ln(0) and the like, and are refused but for a mutation that asks only for zero or not.
          const finite = rows.every(({ value }) => !/NaN|Inf/.test(value))
          const mutate = finite ? 'NONE' : 'NUMBOOL'
          const points = await collector.collect({ metric: { ...metric, mutate }, scopes, periods }, never)
          const kept = finite
            ? rows.map(toStoredDigits)
            : rows.map((row) => ({ ...row, value: Number(row.value) === 0 ? '0' : '1' }))
          expect(points.map(toRow).toSorted(byText)).toEqual(kept.toSorted(byText))
        },
      ),
      { numRuns: 60, seed: 20_260_601 },
    )
  })

  test('50 scopes, 7 metrics and 24 periods take no more than 20 requests', async () => {
    const periods = periodsFrom(BEGIN, HOURS, 3600)
    const before = await prometheus.queries()
    let points = 0
    for (const name of KINDS) {
      points += (await collector.collect({ metric: prometheusMetric({ name }), scopes: SCOPES, periods }, never)).length
    }
    expect(points).toBeGreaterThan(10_000)
    expect((await prometheus.queries()) - before).toBeLessThanOrEqual(20)
  })

  test('a thousand scopes fit one question', async () => {
    const scopes = [...SCOPES, ...Array.from({ length: 950 }, (_, i) => `${String(i).padStart(32, '0')}`)]
    const before = await prometheus.queries()
    const request = { metric: prometheusMetric({ name: 'port_in' }), scopes, periods: periodsFrom(BEGIN, 12, 3600) }
    const points = await collector.collect(request, never)
    expect(new Set(points.map(({ series }) => series.scopeId))).toEqual(new Set(SCOPES))
    expect((await prometheus.queries()) - before).toBe(1)
  })

  test('what Prometheus refuses is a fault with its words', async () => {
    const metric = prometheusMetric({ name: 'volume_gib', extraArgs: { query_suffix: ')' } })
    const asked = collector.collect({ metric, scopes: ['a'], periods: periodsFrom(BEGIN, 1, 3600) }, never)
    await expect(asked).rejects.toMatchObject({
      code: 'collect.rejected',
      message: expect.stringMatching(/metric 'volume_gib': .*bad_data: .*parse error/) as string,
    })
  })
})

interface Cell {
  readonly name: string
  readonly scope: string
  readonly flavor: string
  readonly period: Period
}

/** METHOD over the series of METHOD over time, exactly; undefined where there is no sample. */
function workOut(
  method: 'max' | 'min' | 'sum' | 'count',
  data: readonly SeriesData[],
  cell: Cell,
): Decimal | undefined {
  const combine = (values: readonly Decimal[]): Decimal => {
    if (method === 'count') return decimal(String(values.length))
    if (method === 'sum') return values.reduce((sum, value) => add(sum, value), ZERO)
    const sign = method === 'max' ? 1 : -1
    return values.reduce((best, value) => (compare(value, best) * sign > 0 ? value : best))
  }
  const overTime = data
    .filter(
      ({ name, labels }) =>
        name === cell.name && labels['project_id'] === cell.scope && labels['flavor'] === cell.flavor,
    )
    .map(({ samples }) =>
      samples
        .filter(([at]) => at > cell.period.begin && at < cell.period.end)
        .map(([, value]) => decimal(String(value))),
    )
    .filter((values) => values.length > 0)
    .map(combine)
  return overTime.length > 0 ? combine(overTime) : undefined
}

interface Row {
  readonly begin: number
  readonly scopeId: string
  readonly groupby: unknown
  readonly value: string
}

/** One instant query for one scope and one period, put together as CloudKitty does. */
async function askAsCloudKitty(url: string, metric: Metric, scope: string, { begin, end }: Period): Promise<Row[]> {
  const {
    aggregation_method: method,
    query_function: func,
    range_function: rangeFunc,
    query_suffix: suffix,
  } = metric.extraArgs as Record<string, string>
  // The scope as a Go string literal; CloudKitty does not escape it, which the odd ones need.
  const range = `${metric.name}{project_id=${JSON.stringify(scope)}}[${end - begin}s]`
  const inner = rangeFunc ? `${rangeFunc}(${range})` : `${method}_over_time(${range})`
  const query = `${method}(${func ? `${func}(${inner})` : inner}) by (${metric.groupby.join(', ')})${suffix ? ` ${suffix}` : ''}`
  const response = await fetch(
    `${url}/query?${new URLSearchParams({ query, time: toDate(end).toISOString() }).toString()}`,
  )
  const answer = (await response.json()) as {
    data: { result: { metric: Record<string, string>; value: [number, string] }[] }
  }
  return answer.data.result.map((element) => ({
    begin,
    scopeId: scope,
    groupby: Object.fromEntries(
      metric.groupby.map((label) => [label, label === 'project_id' ? scope : (element.metric[label] ?? '')]),
    ),
    value: element.value[1],
  }))
}

function toRow({ series, begin, quantity }: Point): Row {
  return { begin, scopeId: series.scopeId, groupby: series.groupby, value: quantity.toString() }
}

/** With the digits that are kept. */
function toStoredDigits(row: Row): Row {
  return { ...row, value: roundScale(decimal(row.value), STORED_SCALE).toString() }
}

function byText(a: unknown, b: unknown): number {
  const [left, right] = [JSON.stringify(a), JSON.stringify(b)]
  return left < right ? -1 : left > right ? 1 : 0
}

function texts(values: ReadonlyMap<string, Decimal>): Record<string, string> {
  return Object.fromEntries([...values].map(([key, value]) => [key, value.toString()] as const).toSorted(byText))
}
