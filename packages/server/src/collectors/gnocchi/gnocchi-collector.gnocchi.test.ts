import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { compare, Decimal, decimalFromNumber, divideRounded, power10, STORED_SCALE } from '../../domain/decimal.ts'
import type { Metric } from '../../domain/metric.ts'
import { type Period, periodsFrom } from '../../domain/period.ts'
import type { Point } from '../../domain/point.ts'
import { attributeText, ruleText } from '../../domain/series.ts'
import type { Collector } from '../collector.ts'
import { contextOf, metricOf } from '../testing/collect-context.ts'
import {
  CLOUD_BEGIN,
  CLOUD_HOURS,
  CLOUD_METRICS,
  CLOUD_SCOPES,
  CLOUD_TYPES,
  gnocchiCloud,
  ODD_SCOPES,
} from '../testing/gnocchi-cloud.ts'
import { type CloudResource, startGnocchi, type TestGnocchi, whyNoGnocchi } from '../testing/start-gnocchi.ts'
import type { ExtraArgs, Method } from './extra-args.ts'
import { plugin } from './index.ts'

const missing = whyNoGnocchi()
const never = new AbortController().signal
const HOUR = 3600
const DAY = periodsFrom(CLOUD_BEGIN, CLOUD_HOURS, HOUR)
const ALL_SCOPES = [...CLOUD_SCOPES, ...ODD_SCOPES]
const TYPE_OF: Readonly<Record<string, string>> = Object.fromEntries(
  CLOUD_METRICS.map(({ name, type }) => [name, type]),
)

function gnocchiMetric(more: Partial<Metric> & Pick<Metric, 'name'>): Metric {
  const extraArgs = plugin.extraArgs.parse({ resource_type: TYPE_OF[more.name], ...(more.extraArgs as object) })
  return metricOf({ groupby: ['id', 'user_id', 'project_id'], ...more, extraArgs })
}

describe.skipIf(missing !== undefined)(`against a real Gnocchi${missing ? ` (skipped: ${missing})` : ''}`, () => {
  const cloud = [
    ...gnocchiCloud({ scopes: CLOUD_SCOPES, perKind: 3 }),
    ...gnocchiCloud({ scopes: ODD_SCOPES, perKind: 1 }),
    // Nobody's: never to be taken for the scope that is called None.
    ...gnocchiCloud({ scopes: ['nobody'], perKind: 1 }).map((resource) => ({ ...resource, scope: null })),
  ]
  let gnocchi: TestGnocchi
  let collector: Collector
  let firstOnly: Collector
  let requests = 0

  beforeAll(async () => {
    // Pages of a few rows, so that there are many.
    gnocchi = await startGnocchi({ maxLimit: 7 })
    await gnocchi.fill(CLOUD_TYPES, cloud)
    const options = { gnocchi_auth_type: 'basic', gnocchi_user: 'admin', gnocchi_endpoint: gnocchi.url }
    const context = () => contextOf({ onSourceExchange: () => requests++ })
    collector = await plugin.create(plugin.options.parse(options), context())
    firstOnly = await plugin.create(plugin.options.parse({ ...options, measures: 'first' }), context())
  }, 600_000)
  afterAll(async () => {
    await collector?.[Symbol.asyncDispose]()
    await firstOnly?.[Symbol.asyncDispose]()
    await gnocchi?.[Symbol.asyncDispose]()
  })

  test.each<Method>(['max', 'min', 'sum', 'mean', 'median', 'last', 'first', 'count'])(
    'the %s of the means of five minutes over each hour equals what is worked out from the samples',
    async (method) => {
      const extraArgs = { aggregation_method: 'mean', re_aggregation_method: method, force_granularity: 300 }
      const points = await collector.collect(
        { metric: gnocchiMetric({ name: 'cpu', extraArgs }), scopes: ALL_SCOPES, periods: DAY },
        never,
      )
      const wanted = perHour(cloud, 'cpu', (samples) =>
        overTime(
          [...buckets(samples, 300).values()].map((values) => toDecimal(sum(values) / values.length)),
          method,
        ),
      )
      expect(idRows(points)).toEqual(wanted)
    },
  )

  test("CloudKitty's reading takes the first five minutes of the hour that were measured", async () => {
    const extraArgs = { aggregation_method: 'mean', re_aggregation_method: 'sum', force_granularity: 300 }
    const points = await firstOnly.collect(
      { metric: gnocchiMetric({ name: 'cpu', extraArgs }), scopes: ALL_SCOPES, periods: DAY },
      never,
    )
    const wanted = perHour(cloud, 'cpu', (samples) => {
      const [first] = [...buckets(samples, 300).values()]
      return first && toDecimal(sum(first) / first.length)
    })
    expect(idRows(points)).toEqual(wanted)
  })

  test('without a forced granularity the hour counts once', async () => {
    const extraArgs = { aggregation_method: 'sum', re_aggregation_method: 'sum', force_granularity: 0 }
    const points = await collector.collect(
      { metric: gnocchiMetric({ name: 'cpu', extraArgs }), scopes: ALL_SCOPES, periods: DAY },
      never,
    )
    const wanted = perHour(cloud, 'cpu', (samples) =>
      samples.length === 0 ? undefined : toDecimal(sum(samples.map(([, value]) => value))),
    )
    expect(idRows(points)).toEqual(wanted)
  })

  test('what a counter grew in an hour, as the archive policy keeps it', async () => {
    const extraArgs = { aggregation_method: 'rate:sum', re_aggregation_method: 'sum' }
    const metric = gnocchiMetric({ name: 'network.outgoing.bytes', extraArgs })
    const points = await collector.collect({ metric, scopes: ALL_SCOPES, periods: DAY }, never)
    const growing = cloud.map((resource) => {
      const samples = resource.metrics['network.outgoing.bytes'] ?? []
      const growth = samples.slice(1).map(([at, value], i) => [at, value - samples[i]![1]] as const)
      return { ...resource, metrics: { grown: growth } }
    })
    const wanted = perHour(growing, 'grown', (samples) =>
      samples.length === 0 ? undefined : toDecimal(sum(samples.map(([, value]) => value))),
    )
    expect(idRows(points)).toEqual(wanted)
  })

  test('what a counter grew since the hour before, of the last sample of each', async () => {
    const extraArgs = { aggregation_method: 'last', re_aggregation_method: 'rate:max' }
    const metric = gnocchiMetric({ name: 'network.incoming.bytes', extraArgs })
    const points = await collector.collect({ metric, scopes: ALL_SCOPES, periods: DAY }, never)
    const rows = cloud.flatMap(({ id, scope, metrics }) => {
      const lasts = buckets(metrics['network.incoming.bytes'] ?? [], HOUR)
      return DAY.flatMap(({ begin }) => {
        const [now, before] = [lasts.get(begin)?.at(-1), lasts.get(begin - HOUR)?.at(-1)]
        if (scope === null || now === undefined || before === undefined) return []
        return [`${scope} ${id} ${begin} ${now - before}`]
      })
    })
    expect(idRows(points)).toEqual(rows.toSorted(byText))
  })

  test('a custom query', async () => {
    const custom_query = '(/ (aggregate RE_AGGREGATION_METHOD (metric METRIC_NAME AGGREGATION_METHOD)) 8)'
    const extraArgs = { custom_query, aggregation_method: 'max', re_aggregation_method: 'max' }
    const points = await collector.collect(
      { metric: gnocchiMetric({ name: 'volume.size', extraArgs }), scopes: ALL_SCOPES, periods: DAY },
      never,
    )
    const wanted = perHour(cloud, 'volume.size', (samples) => samples[0] && toDecimal(samples[0][1] / 8))
    expect(idRows(points)).toEqual(wanted)
  })

  test('metadata are those of the period, as Python prints them', async () => {
    const metric = gnocchiMetric({ name: 'cpu', metadata: ['flavor_name', 'vcpus', 'spot', 'ended_at', 'nonsense'] })
    const points = await collector.collect({ metric, scopes: CLOUD_SCOPES, periods: DAY }, never)
    const byId = new Map(cloud.map((resource) => [resource.id, resource]))
    expect(points.length).toBeGreaterThan(200)
    for (const { series, end } of points) {
      const resource = byId.get(attributeText(series.groupby['id']))!
      const known = (resource.revisions ?? []).filter(({ at }) => at < end)
      const attributes = Object.assign(
        {},
        resource.attributes,
        ...known.map((revision) => revision.attributes),
      ) as Record<string, unknown>
      const asRulesSee = Object.entries(series.metadata).map(([name, value]) => [name, ruleText(value)])
      expect(Object.fromEntries(asRulesSee)).toEqual({
        flavor_name: attributes['flavor_name'],
        vcpus: typeof attributes['vcpus'] === 'number' ? pythonFloat(attributes['vcpus']) : 'None',
        spot: { true: 'True', false: 'False', null: 'None' }[String(attributes['spot'])],
        ended_at:
          resource.endedAt === undefined
            ? 'None'
            : `${new Date(resource.endedAt * 1000).toISOString().slice(0, 19)}+00:00`,
        nonsense: '',
      })
      expect(series.groupby).toEqual({ id: resource.id, user_id: resource.userId, project_id: resource.scope })
    }
    const flavors = new Set(points.map(({ series }) => series.metadata['flavor_name']))
    expect(flavors).toContain('resized-1')
  })

  test('grouped by flavor and keyed by type of disk, series of one group are aggregated', async () => {
    const extraArgs = { resource_key: 'volume_type', aggregation_method: 'max', re_aggregation_method: 'sum' }
    const metric = gnocchiMetric({ name: 'volume.size', groupby: ['project_id', 'volume_type'], extraArgs })
    const points = await collector.collect({ metric, scopes: CLOUD_SCOPES, periods: DAY }, never)
    const totals = new Map<string, number>()
    for (const { type, scope, attributes, metrics } of cloud) {
      if (type !== 'volume' || scope === null || !CLOUD_SCOPES.includes(scope)) continue
      for (const [begin, values] of buckets(metrics['volume.size']!, HOUR)) {
        const key = `${scope} ${attributes['volume_type'] ?? 'None'} ${begin}`
        totals.set(key, (totals.get(key) ?? 0) + values[0]!)
      }
    }
    expect(
      points
        .map(
          ({ series, begin, quantity }) =>
            `${series.scopeId} ${ruleText(series.groupby['volume_type'])} ${begin} ${quantity.toString()}`,
        )
        .toSorted(byText),
    ).toEqual([...totals].map(([key, total]) => `${key} ${total}`).toSorted(byText))
  })

  const anyQuestion = fc.record({
    name: fc.constantFrom(...CLOUD_METRICS.map(({ name }) => name)),
    scopes: fc.uniqueArray(fc.constantFrom(...ODD_SCOPES, ...CLOUD_SCOPES, 'no such'), { minLength: 1, maxLength: 4 }),
    groupby: fc.subarray(['user_id', 'ended_at']).map((attributes) => [...attributes, 'id', 'project_id']),
    args: fc.oneof(
      fc.record({
        aggregation_method: fc.constantFrom('mean', 'max', 'sum', 'count', 'last', 'rate:mean'),
        re_aggregation_method: fc.constantFrom('mean', 'max', 'sum', 'count', 'std', 'rate:max', 'rate:sum'),
        force_granularity: fc.constantFrom(0, 300, 3600),
        use_all_resource_revisions: fc.boolean(),
      }),
      fc.record({
        custom_query: fc.constantFrom(
          '(aggregate max (* (metric METRIC_NAME mean) 2))',
          '(- (aggregate sum (metric METRIC_NAME max)) 1)',
          '(rateofchange (aggregate max (metric METRIC_NAME max)))',
          '(aggregate rate:sum (metric METRIC_NAME max))',
        ),
        force_granularity: fc.constantFrom(300, 3600),
      }),
    ),
    periods: fc
      .record({
        from: fc.integer({ min: -2, max: 90 }),
        count: fc.integer({ min: 1, max: 4 }),
        seconds: fc.constantFrom(900, 1800, 3600, 7200),
      })
      .map(({ from, count, seconds }) => periodsFrom(CLOUD_BEGIN + from * 900, count, seconds)),
  })

  test('many scopes and periods at once give what each of them gives alone', async () => {
    await fc.assert(
      fc.asyncProperty(anyQuestion, async ({ name, scopes, groupby, args, periods }) => {
        const metadata = Object.keys(CLOUD_TYPES[TYPE_OF[name]!]!)
        const metric = gnocchiMetric({ name, groupby, metadata, extraArgs: args })
        const together = await collector.collect({ metric, scopes, periods }, never)
        const alone: Point[] = []
        for (const scope of scopes) {
          for (const period of periods) {
            alone.push(...(await collector.collect({ metric, scopes: [scope], periods: [period] }, never)))
          }
        }
        expect(fullRows(together)).toEqual(fullRows(alone))
      }),
      { numRuns: 20, seed: 20_260_601 },
    )
  }, 600_000)

  test("and what CloudKitty's own questions give, read as CloudKitty reads them", async () => {
    await fc.assert(
      fc.asyncProperty(anyQuestion, async ({ name, scopes, groupby, args, periods }) => {
        // Gnocchi cannot answer CloudKitty's question for a count.
        fc.pre(!('re_aggregation_method' in args) || args.re_aggregation_method !== 'count')
        const metric = gnocchiMetric({ name, groupby, extraArgs: args })
        const together = await firstOnly.collect({ metric, scopes, periods }, never)
        const wanted: string[] = []
        for (const scope of scopes) {
          for (const period of periods) wanted.push(...(await askAsCloudKitty(gnocchi.url, metric, scope, period)))
        }
        const got = together.map(({ series, begin, quantity }) =>
          row(series.groupby, begin, Number(quantity.toString())),
        )
        expect(got.toSorted(byText)).toEqual(wanted.toSorted(byText))
      }),
      { numRuns: 20, seed: 20_260_602 },
    )
  }, 600_000)

  test('5 scopes, 7 metrics and 24 periods take no more than 60 requests, whatever the pages', async () => {
    requests = 0
    const fresh = await Promise.all(
      CLOUD_METRICS.map(({ name, type }) =>
        collector.collect(
          {
            metric: gnocchiMetric({ name, metadata: Object.keys(CLOUD_TYPES[type]!) }),
            scopes: CLOUD_SCOPES,
            periods: DAY,
          },
          never,
        ),
      ),
    )
    expect(fresh.flat().length).toBeGreaterThan(1500)
    expect(requests).toBeLessThanOrEqual(60)
  })

  test('no such metric is no data, no such type is a fault with the words of Gnocchi, and so is no such granularity', async () => {
    const ask = (name: string, extraArgs: object) =>
      collector.collect({ metric: gnocchiMetric({ name, extraArgs }), scopes: CLOUD_SCOPES, periods: DAY }, never)
    expect(await ask('no.such.metric', { resource_type: 'instance' })).toEqual([])
    await expect(ask('cpu', { resource_type: 'starship' })).rejects.toMatchObject({
      code: 'collect.rejected',
      message: expect.stringContaining('Resource type does not exist') as string,
    })
    await expect(ask('cpu', { force_granularity: 60 })).rejects.toMatchObject({
      code: 'collect.rejected',
      message: expect.stringContaining('Granularities are missing') as string,
    })
    await expect(ask('cpu', { aggregation_method: 'std' })).rejects.toMatchObject({
      code: 'collect.rejected',
      message: expect.stringContaining('unknown aggregation') as string,
    })
  })
})

type Samples = readonly (readonly [instant: number, value: number])[]

/** Rows of the scopes' resources that have the metric, for each hour in which `work` makes something of the samples. */
function perHour(
  cloud: readonly CloudResource[],
  name: string,
  work: (samples: Samples) => Decimal | undefined,
): string[] {
  const rows = cloud.flatMap(({ id, scope, metrics }) =>
    DAY.flatMap(({ begin, end }) => {
      const value = work((metrics[name] ?? []).filter(([at]) => at >= begin && at < end))
      return scope === null || !value ? [] : [`${scope} ${id} ${begin} ${value.toString()}`]
    }),
  )
  expect(rows.length).toBeGreaterThan(100)
  return rows.toSorted(byText)
}

/** Values by the begin of the bucket, ascending. */
function buckets(samples: Samples, granularity: number): Map<number, number[]> {
  const found = new Map<number, number[]>()
  for (const [at, value] of samples) {
    const begin = Math.floor(at / granularity) * granularity
    found.set(begin, [...(found.get(begin) ?? []), value])
  }
  return found
}

function overTime(values: readonly Decimal[], method: Method): Decimal | undefined {
  if (values.length === 0) return undefined
  const sorted = values.toSorted(compare)
  const numbers = values.map((value) => Number(value.toString()))
  switch (method) {
    case 'max':
      return sorted.at(-1)
    case 'min':
      return sorted[0]
    case 'first':
      return values[0]
    case 'last':
      return values.at(-1)
    case 'median': {
      const middle = Math.floor(sorted.length / 2)
      if (sorted.length % 2 === 1) return sorted[middle]
      return toDecimal((Number(sorted[middle]!.toString()) + Number(sorted[middle - 1]!.toString())) / 2)
    }
    case 'count':
      return toDecimal(values.length)
    case 'sum':
      return toDecimal(sum(numbers))
    default: {
      // Sixteenths at the finest: whole numbers, divided exactly.
      const sixteenths = BigInt(sum(numbers) * 16)
      const cut = divideRounded(sixteenths * power10(STORED_SCALE), BigInt(values.length) * 16n)
      return new Decimal(cut, STORED_SCALE)
    }
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0)
}

function toDecimal(value: number): Decimal {
  return decimalFromNumber(value)
}

function pythonFloat(value: number): string {
  return Number.isInteger(value) ? `${value}.0` : String(value)
}

function idRows(points: readonly Point[]): string[] {
  return points
    .map(
      ({ series, begin, quantity }) =>
        `${series.scopeId} ${attributeText(series.groupby['id'])} ${begin} ${quantity.toString()}`,
    )
    .toSorted(byText)
}

function fullRows(points: readonly Point[]): string[] {
  return points
    .map(({ series: { scopeId, type, groupby, metadata }, begin, end, quantity }) =>
      JSON.stringify([scopeId, type, groupby, metadata, begin, end, quantity.toString()]),
    )
    .toSorted(byText)
}

/** Twelve digits: the last ones depend on the order in which doubles are added and taken from each other. */
function row(group: object, begin: number, value: number): string {
  return JSON.stringify([Object.entries(group).toSorted(([a], [b]) => byText(a, b)), begin, value.toPrecision(12)])
}

/** One question of CloudKitty's cloudkitty/collector/gnocchi.py, and its reading of the answer. */
async function askAsCloudKitty(url: string, metric: Metric, scope: string, { begin, end }: Period): Promise<string[]> {
  const args = plugin.extraArgs.parse(metric.extraArgs) as ExtraArgs
  const { force_granularity: granularity, re_aggregation_method: again, aggregation_method: method } = args
  const query = new URLSearchParams({ details: 'False' })
  if (granularity > 0) query.set('granularity', String(granularity))
  for (const attribute of metric.groupby) query.append('groupby', attribute)
  const from = again.startsWith('rate:') ? begin - granularity : begin
  query.set('start', new Date(from * 1000).toISOString())
  query.set('stop', new Date(end * 1000).toISOString())
  // Since 4.5 Gnocchi adds up different granularities when it looks at history.
  query.set('use_history', granularity > 0 ? 'True' : 'False')
  const custom = args['custom_query']!.replaceAll('RE_AGGREGATION_METHOD', again)
    .replaceAll('AGGREGATION_METHOD', method)
    .replaceAll('METRIC_NAME', metric.name)
  const reply = await fetch(`${url}/v1/aggregates?${query.toString()}`, {
    method: 'POST',
    headers: {
      accept: 'application/json',
      'content-type': 'application/json',
      authorization: `Basic ${Buffer.from('admin:').toString('base64')}`,
    },
    body: JSON.stringify({
      operations: custom || ['aggregate', again, ['metric', metric.name, method]],
      search: { and: [{ '=': { type: args.resource_type } }, { '=': { project_id: scope } }] },
      resource_type: args.resource_type,
    }),
  })
  if (reply.status === 400 || reply.status === 404) return []
  const groups = (await reply.json()) as {
    group: Record<string, string | null>
    measures: { measures: { aggregated: [string, number, number][] } }
  }[]
  return groups.flatMap(({ group, measures }) => {
    const [first] = measures.measures.aggregated
    if (!first) return []
    const texts = Object.entries(group).map(([name, value]) => [name, value])
    return [row(Object.fromEntries(texts) as object, begin, first[2])]
  })
}

function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
