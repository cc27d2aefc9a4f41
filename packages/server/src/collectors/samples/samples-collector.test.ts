import { expect, test } from 'vitest'
import { decimal } from '../../domain/decimal.ts'
import { parseFraction } from '../../domain/fraction.ts'
import { periodsFrom } from '../../domain/period.ts'
import type { SampleQuery, SampleReader, SampleValue } from '../../domain/sample.ts'
import { contextOf, metricOf } from '../testing/collect-context.ts'
import { plugin } from './index.ts'

const { signal } = new AbortController()
const HOURS = periodsFrom(1_780_000_000, 2, 3600)

/** Stands for the points store, whose own tests hold what it reads. */
function reader(values: readonly SampleValue[]): SampleReader & { asked: SampleQuery[] } {
  const asked: SampleQuery[] = []
  return {
    asked,
    readSamples: async (query) => {
      asked.push(query)
      return [...values]
    },
    sampleScopes: async () => [],
    firstSampleAt: async () => 1_780_000_123,
  }
}

test('one question covers all scopes and periods, with the labels of the metric and the scope', async () => {
  const samples = reader([])
  await using collector = await plugin.create({}, contextOf({ samples }))
  const extraArgs = plugin.extraArgs.parse({ sample: 'cpu.seconds', method: 'sum' })
  const metric = metricOf({ name: 'cpu', groupby: ['id', 'project_id'], metadata: ['flavor', 'id'], extraArgs })
  expect(await collector.collect({ metric, scopes: ['a', 'b'], periods: HOURS }, signal)).toEqual([])
  expect(samples.asked).toEqual([
    {
      name: 'cpu.seconds',
      method: 'sum',
      labels: ['project_id', 'id', 'flavor'],
      scopeKey: 'project_id',
      scopes: ['a', 'b'],
      periods: HOURS,
    },
  ])
})

test('by default the samples are called as the metric, and the largest counts', async () => {
  const samples = reader([])
  await using collector = await plugin.create({}, contextOf({ samples }))
  const metric = metricOf({ name: 'cpu', extraArgs: plugin.extraArgs.parse(undefined) })
  await collector.collect({ metric, scopes: ['a'], periods: HOURS }, signal)
  expect(samples.asked).toMatchObject([{ name: 'cpu', method: 'max' }])
})

test('values become points: converted, unpriced, with their series', async () => {
  const samples = reader([
    { period: HOURS[0]!, labels: ['a', 'vm1', 'small'], value: decimal('3') },
    { period: HOURS[1]!, labels: ['a', 'vm1', 'small'], value: decimal('5') },
    { period: HOURS[1]!, labels: ['b', 'vm2', ''], value: decimal('7') },
  ])
  await using collector = await plugin.create({}, contextOf({ samples }))
  const metric = metricOf({
    name: 'cpu',
    type: 'compute',
    groupby: ['id', 'project_id'],
    metadata: ['flavor'],
    factor: parseFraction('1/2')!,
    extraArgs: plugin.extraArgs.parse({}),
  })
  const points = await collector.collect({ metric, scopes: ['a', 'b'], periods: HOURS }, signal)
  expect(points.map(({ begin, end, quantity }) => [begin, end, quantity.toString()])).toEqual([
    [1_780_000_000, 1_780_003_600, '1.5'],
    [1_780_003_600, 1_780_007_200, '2.5'],
    [1_780_003_600, 1_780_007_200, '3.5'],
  ])
  expect(points[1]!.series).toBe(points[0]!.series)
  expect(points.slice(1).map(({ series }) => series)).toMatchObject([
    { scopeId: 'a', type: 'compute', groupby: { id: 'vm1', project_id: 'a' }, metadata: { flavor: 'small' } },
    { scopeId: 'b', type: 'compute', groupby: { id: 'vm2', project_id: 'b' }, metadata: { flavor: '' } },
  ])
  expect(points.every(({ price, rules }) => price.toString() === '0' && rules.length === 0)).toBe(true)
})

test('the data begins with the first sample', async () => {
  await using collector = await plugin.create({}, contextOf({ samples: reader([]) }))
  expect(await collector.firstSampleAt!(signal)).toBe(1_780_000_123)
})

test('extra_args that mean nothing are refused', () => {
  expect(plugin.extraArgs.safeParse({ method: 'median' }).success).toBe(false)
  expect(plugin.extraArgs.safeParse({ aggregation_method: 'max' }).success).toBe(false)
})
