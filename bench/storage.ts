import { performance } from 'node:perf_hooks'
import { decimal } from '@cloudtabby/server/domain/decimal'
import type { Point } from '@cloudtabby/server/domain/point'
import { type Series, toSeries } from '@cloudtabby/server/domain/series'
import type { PointStore, TotalQuery } from '@cloudtabby/server/storage/point-store'
import { whyNoClickHouse } from '../packages/server/src/storage/testing/test-clickhouse.ts'
import { clickhouseEngine, duckdbEngine, type Engine } from './engine.ts'
import { medianOf, type Measure } from './measure.ts'

const SERIES = 20_000
const PROJECTS = 1_000
const BEGIN = Date.UTC(2026, 0, 1) / 1000
const HOUR = 3600
const DAY = 24 * HOUR
const MILLION = 1_000_000
const RUNS = 11

const QUANTITIES = Array.from({ length: 1000 }, (_, i) => decimal((i / 10).toFixed(1)))
const PRICES = Array.from({ length: 10_000 }, (_, i) => decimal((i / 10_000).toFixed(4)))
const RULES = [['mapping-1'], ['mapping-1', 'threshold-1'], []]
const TYPES = ['instance', 'volume.size', 'image.size', 'ip.floating', 'network.outgoing.bytes']

/** The DuckDB store alone: hourly batches of 20,000 series of 1,000 projects, to 1 and then 10 million points. */
export async function benchStorage(): Promise<Measure[]> {
  await using engine = await duckdbEngine()
  return await measure(engine)
}

/** The same with ClickHouse. */
export async function benchClickHouse(): Promise<Measure[]> {
  const missing = whyNoClickHouse()
  if (missing !== undefined) {
    console.error(`ClickHouse is not measured: ${missing}`)
    return []
  }
  await using engine = await clickhouseEngine()
  return await measure(engine)
}

async function measure(engine: Engine): Promise<Measure[]> {
  const series = Array.from({ length: SERIES }, (_, i) => seriesOf(i))
  const measures: Measure[] = []
  for (const [from, to] of [
    [0, MILLION],
    [MILLION, 10 * MILLION],
  ] as const) {
    measures.push(...(await write(engine, series, from, to)))
    await using store = await engine.open()
    measures.push({
      name: `disk for ${to / MILLION} M points`,
      value: Math.round((await engine.bytes()) / (to / 100)) / 100,
      unit: 'bytes/point',
      note: `${SERIES.toLocaleString('en')} series in it`,
    })
    measures.push(...(await ask(store, to)))
  }
  return measures
}

async function write(engine: Engine, series: readonly Series[], from: number, to: number): Promise<Measure[]> {
  await using store = await engine.open()
  let seconds = 0
  let written = 0
  for (let hour = from / SERIES; hour < to / SERIES; hour++) {
    const points = pointsOf(series, hour)
    const begin = performance.now()
    await store.write(hour + 1, points)
    // The first batch brings the series, which would be another measure.
    if (hour > 0) seconds += (performance.now() - begin) / 1000
    if (hour > 0) written += points.length
  }
  const note = `${engine.note}, batches of ${SERIES.toLocaleString('en')}`
  return [
    { name: `write up to ${to / MILLION} M points`, value: Math.round(written / seconds), unit: 'points/s', note },
  ]
}

async function ask(store: PointStore, points: number): Promise<Measure[]> {
  const project = new Map([['project_id', ['project-17']]])
  const id = { by: 'attribute', name: 'id' } as const
  const questions: [string, Partial<TotalQuery>][] = [
    ['none', {}],
    ['project_id', { groupby: [{ by: 'attribute', name: 'project_id' }], limit: undefined }],
    ['id, limit 100', { groupby: [id] }],
    ['time', { groupby: [], buckets: { seconds: HOUR, origin: 0 }, limit: undefined }],
    ['one project’s month', { attributes: project, end: BEGIN + 31 * DAY }],
    ['one project’s week by id', { attributes: project, end: BEGIN + 7 * DAY, groupby: [id] }],
  ]
  const snapshot = { highest: points, hidden: [], tombstones: [] }
  const measures: Measure[] = []
  for (const [name, given] of questions) {
    const value = await medianOf(RUNS, () => store.total(queryOf(given), snapshot))
    measures.push({ name: `total of ${points / MILLION} M points, ${name}`, value, unit: 'ms' })
  }
  const middle = { ...queryOf({}), offset: points / 2, limit: 1000 }
  const value = await medianOf(RUNS, () => store.retrieve(middle, snapshot))
  measures.push({ name: `page of 1,000 in the middle of ${points / MILLION} M points`, value, unit: 'ms' })
  return measures
}

function queryOf(given: Partial<TotalQuery>): TotalQuery {
  return {
    begin: BEGIN,
    end: BEGIN + 366 * DAY,
    types: [],
    attributes: new Map(),
    groupby: [],
    values: [
      { function: 'sum', column: 'qty', alias: 'qty' },
      { function: 'sum', column: 'price', alias: 'rate' },
    ],
    offset: 0,
    limit: 100,
    ...given,
  }
}

function pointsOf(series: readonly Series[], hour: number): Point[] {
  const begin = BEGIN + hour * HOUR
  return series.map((of, i) => ({
    series: of,
    begin,
    end: begin + HOUR,
    quantity: QUANTITIES[(i * 31 + hour) % QUANTITIES.length]!,
    price: PRICES[(i * 17 + hour * 3) % PRICES.length]!,
    rules: RULES[i % RULES.length]!,
  }))
}

function seriesOf(i: number): Series {
  const scopeId = `project-${Math.floor(i / (SERIES / PROJECTS))}`
  return toSeries({
    scopeId,
    type: TYPES[i % TYPES.length]!,
    unit: 'unit',
    groupby: {
      id: `resource-${(i * 7919).toString(16).padStart(24, '0')}`,
      project_id: scopeId,
      user_id: `user-${i % 1000}`,
    },
    metadata: { flavor_name: `flavor-${i % 5}`, name: `name-${i}` },
  })
}
