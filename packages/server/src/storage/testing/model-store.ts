import { randomUUID } from 'node:crypto'
import {
  add,
  compare,
  Decimal,
  divideRounded,
  power10,
  rescale,
  roundScale,
  STORED_SCALE,
  toStored,
} from '../../domain/decimal.ts'
import { type Exact, Fraction } from '../../domain/fraction.ts'
import type { Instant, Period } from '../../domain/period.ts'
import type { Point } from '../../domain/point.ts'
import type { Sample, SampleQuery, SampleValue } from '../../domain/sample.ts'
import { attributeText, type Series } from '../../domain/series.ts'
import type { BatchId, Snapshot, Tombstone } from '../../domain/snapshot.ts'
import { localTime } from '../../domain/testing/local-time.ts'
import { compareTextLists, compareTexts } from '../../lib/compare-texts.ts'
import { Fault } from '../../lib/fault.ts'
import { unreachable } from '../../lib/unreachable.ts'
import type {
  Dropped,
  KeepFrom,
  PointFilter,
  PointStore,
  Retrieved,
  RetrieveQuery,
  Total,
  TotalQuery,
  TotalRow,
  TotalStream,
  ValueField,
  BatchRows,
} from '../point-store.ts'
import { groupingName, type TimeBuckets } from '../grouping.ts'
import { wholeStream } from '../stream-total.ts'

/** What every store must answer, in the plainest way that can be thought of: lists in memory, walked for each question. */
export class ModelStore implements PointStore {
  #points: { batch: BatchId; point: Point }[] = []
  #samples: { batch: BatchId; sample: Sample }[] = []

  readonly #identity = randomUUID()
  readonly #written = new Map<BatchId, BatchRows>()

  async identity(): Promise<string> {
    return this.#identity
  }

  async written(batches: readonly BatchId[]): Promise<ReadonlyMap<BatchId, BatchRows>> {
    return new Map([...this.#written].filter(([batch]) => batches.includes(batch)))
  }

  #note(batch: BatchId, rows: BatchRows): void {
    const { points, samples } = this.#written.get(batch) ?? { points: 0, samples: 0 }
    if (rows.points + rows.samples === 0) return
    this.#written.set(batch, { points: points + rows.points, samples: samples + rows.samples })
  }

  async write(batch: BatchId, points: readonly Point[]): Promise<void> {
    const stored = points.map((point) => ({ ...point, quantity: cut(point.quantity), price: cut(point.price) }))
    this.#points.push(...stored.map((point) => ({ batch, point })))
    this.#note(batch, { points: points.length, samples: 0 })
  }

  async writeSamples(batch: BatchId, samples: readonly Sample[]): Promise<void> {
    const stored = samples.map((sample) => ({ ...sample, value: cut(sample.value) }))
    this.#samples.push(...stored.map((sample) => ({ batch, sample })))
    this.#note(batch, { points: 0, samples: samples.length })
  }

  async count(of: BatchId): Promise<BatchRows> {
    const ours = ({ batch }: { batch: BatchId }) => batch === of
    return { points: this.#points.filter(ours).length, samples: this.#samples.filter(ours).length }
  }

  async deleteBatches(batches: readonly BatchId[]): Promise<void> {
    this.#points = this.#points.filter(({ batch }) => !batches.includes(batch))
    this.#samples = this.#samples.filter(({ batch }) => !batches.includes(batch))
  }

  async deleteTombstones(tombstones: readonly Tombstone[]): Promise<void> {
    this.#points = this.#points.filter(({ batch, point }) => !tombstones.some((v) => isTombstone(point, batch, v)))
  }

  async dropBefore(keep: KeepFrom): Promise<Dropped> {
    const [points, samples] = [this.#points.length, this.#samples.length]
    this.#points = this.#points.filter(({ point }) => point.begin >= keep.points)
    this.#samples = this.#samples.filter(({ sample }) => sample.at >= keep.samples)
    return { points: points - this.#points.length, samples: samples - this.#samples.length }
  }

  async highestBatch(): Promise<BatchId> {
    return Math.max(0, ...[...this.#points, ...this.#samples].map(({ batch }) => batch))
  }

  async deleteBatchesAbove(highest: BatchId): Promise<void> {
    this.#points = this.#points.filter(({ batch }) => batch <= highest)
    this.#samples = this.#samples.filter(({ batch }) => batch <= highest)
    for (const batch of this.#written.keys()) if (batch > highest) this.#written.delete(batch)
  }

  async total(query: TotalQuery, snapshot: Snapshot): Promise<Total> {
    const groups = new Map<string, { texts: string[]; begin: Instant; end: Instant; points: Point[] }>()
    for (const point of this.#visible(query, snapshot)) {
      const { buckets } = query
      const begin = buckets ? bucketOf(point, buckets) : query.begin
      const end = buckets ? begin + buckets.seconds : query.end
      const texts = query.groupby.map((grouping) => textOf(point, groupingName(grouping), query.zone?.name))
      const key = JSON.stringify([begin, texts])
      const group = groups.get(key) ?? { texts, begin, end, points: [] }
      group.points.push(point)
      groups.set(key, group)
    }
    const rows = [...groups.values()]
      .sort((a, b) => compareTextLists(a.texts, b.texts) || a.begin - b.begin)
      .map(({ texts, begin, end, points }): TotalRow => ({
        begin,
        end,
        groups: texts,
        values: query.values.map((value) => aggregate(value, points)),
      }))
    return { total: rows.length, rows: page(rows, query) }
  }

  async streamTotal(query: TotalQuery, snapshot: Snapshot): Promise<TotalStream> {
    return wholeStream(await this.total(query, snapshot))
  }

  async retrieve(query: RetrieveQuery, snapshot: Snapshot): Promise<Retrieved> {
    const points = this.#visible(query, snapshot).sort(byOrder)
    return { total: points.length, points: page(points, query) }
  }

  async *stream(filter: PointFilter, snapshot: Snapshot): AsyncGenerator<readonly Point[]> {
    yield this.#visible(filter, snapshot).sort(byOrder)
  }

  async readSamples(query: SampleQuery, snapshot: Snapshot): Promise<SampleValue[]> {
    const visible = this.#samples
      .filter(({ batch, sample }) => isVisibleBatch(batch, snapshot) && sample.name === query.name)
      .filter(({ sample }) => query.scopes.some((scope) => scope !== '' && sample.labels[query.scopeKey] === scope))
    const values: SampleValue[] = []
    for (const period of query.periods) {
      const groups = new Map<string, { labels: string[]; all: Reading[] }>()
      for (const reading of visible) {
        const labels = query.labels.map((label) => reading.sample.labels[label] ?? '')
        const group = groups.get(JSON.stringify(labels)) ?? { labels, all: [] }
        group.all.push(reading)
        groups.set(JSON.stringify(labels), group)
      }
      for (const { labels, all } of [...groups.values()].sort((a, b) => compareTextLists(a.labels, b.labels))) {
        const within = all.filter(({ sample }) => sample.at >= period.begin && sample.at < period.end)
        if (within.length > 0) values.push({ period, labels, value: reduceSamples(query, period, within, all) })
      }
    }
    return values
  }

  async sampleScopes(scopeKey: string, snapshot: Snapshot): Promise<string[]> {
    const visible = this.#samples.filter(({ batch }) => isVisibleBatch(batch, snapshot))
    const scopes = new Set(visible.map(({ sample }) => sample.labels[scopeKey] ?? ''))
    scopes.delete('')
    return [...scopes].sort(compareTexts)
  }

  async firstSampleAt(snapshot: Snapshot): Promise<Instant | undefined> {
    const visible = this.#samples.filter(({ batch }) => isVisibleBatch(batch, snapshot))
    return visible.length === 0 ? undefined : Math.min(...visible.map(({ sample }) => sample.at))
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  #visible(filter: PointFilter, snapshot: Snapshot): Point[] {
    return this.#points
      .filter(
        ({ batch, point }) =>
          isVisibleBatch(batch, snapshot) && !snapshot.tombstones.some((v) => isTombstone(point, batch, v)),
      )
      .map(({ point }) => point)
      .filter(({ begin }) => begin >= filter.begin && begin < filter.end)
      .filter(({ series }) => filter.types.length === 0 || filter.types.includes(series.type))
      .filter((point) =>
        [...filter.attributes].every(([name, values]) => values.includes(textOf(point, name, filter.zone?.name))),
      )
  }
}

interface Reading {
  readonly batch: BatchId
  readonly sample: Sample
}

function cut(value: Decimal): Decimal {
  if (toStored(value) === undefined) throw new Fault('storage.out_of_range', 'does not fit')
  return roundScale(value, STORED_SCALE)
}

function isVisibleBatch(batch: BatchId, snapshot: Snapshot): boolean {
  return batch <= snapshot.highest && !snapshot.hidden.includes(batch)
}

function isTombstone({ series, begin }: Point, batch: BatchId, v: Tombstone): boolean {
  return series.scopeId === v.scopeId && begin >= v.begin && begin < (v.end ?? Infinity) && batch <= v.upTo
}

function bucketOf({ begin, end }: Point, { seconds, origin = 0 }: TimeBuckets): Instant {
  if (end - begin === seconds) return begin
  return origin + Math.floor((begin - origin) / seconds) * seconds
}

/** What a filter or a grouping of that name sees of a point. */
function textOf({ series, begin }: Point, name: string, zone = 'UTC'): string {
  switch (name) {
    case 'type':
      return series.type
    case 'unit':
      return series.unit
    case 'day_of_the_year':
    case 'week_of_the_year':
    case 'month':
    case 'year':
      return ownText(series, name) || localTime(begin, zone).calendar[name]
    default:
      return ownText(series, name)
  }
}

function ownText({ groupby, metadata }: Series, name: string): string {
  return attributeText(
    Object.hasOwn(groupby, name) ? groupby[name] : Object.hasOwn(metadata, name) ? metadata[name] : undefined,
  )
}

function aggregate({ function: name, column }: ValueField, points: readonly Point[]): Decimal {
  const of = (point: Point) => (column === 'qty' ? point.quantity : point.price)
  const sorted = points.map(of).sort(compare)
  const sum = sorted.reduce((a, b) => add(a, b))
  const edge = (pick: typeof Math.min) => {
    const begin = points.reduce((best, point) => pick(best, point.begin), points[0]!.begin)
    return points
      .filter((point) => point.begin === begin)
      .map(of)
      .sort(compare)
  }
  switch (name) {
    case 'sum':
      return sum
    case 'min':
      return sorted[0]!
    case 'max':
      return sorted.at(-1)!
    case 'mean':
      return mean(sum, points.length)
    case 'count':
      return new Decimal(BigInt(points.length), 0)
    case 'first':
      return edge(Math.min)[0]!
    case 'last':
      return edge(Math.max).at(-1)!
    default:
      return unreachable(name)
  }
}

function mean(sum: Decimal, count: number): Decimal {
  return new Decimal(divideRounded(rescale(sum, STORED_SCALE), BigInt(count)), STORED_SCALE)
}

function reduceSamples(
  { method }: SampleQuery,
  period: Period,
  within: readonly Reading[],
  all: readonly Reading[],
): Exact {
  const values = within.map(({ sample }) => sample.value)
  const sum = values.reduce((a, b) => add(a, b))
  switch (method) {
    case 'sum':
      return sum
    case 'max':
      return values.reduce((a, b) => (compare(a, b) < 0 ? b : a))
    case 'mean':
      return over(sum, values.length)
    case 'last':
      return latest(within)!.sample.value
    case 'time_weighted_mean': {
      const alive = new Set(within.map(seriesOf))
      let held = new Decimal(0n, 0)
      for (const series of alive) {
        const own = all.filter((reading) => seriesOf(reading) === series)
        for (let second = period.begin; second < period.end; second++) {
          const now = latest(own.filter(({ sample }) => sample.at <= second))
          if (now) held = add(held, now.sample.value)
        }
      }
      return over(held, period.end - period.begin)
    }
    default:
      return unreachable(method)
  }
}

function over(value: Decimal, by: number): Fraction {
  return new Fraction(value.coefficient, power10(value.scale) * BigInt(by))
}

function latest(readings: readonly Reading[]): Reading | undefined {
  return [...readings]
    .sort((a, b) => a.sample.at - b.sample.at || a.batch - b.batch || compare(a.sample.value, b.sample.value))
    .at(-1)
}

function seriesOf({ sample }: Reading): string {
  return JSON.stringify(Object.entries(sample.labels).sort(([a], [b]) => compareTexts(a, b)))
}

function page<T>(rows: readonly T[], { offset, limit }: { offset: number; limit: number | undefined }): T[] {
  return rows.slice(offset, limit === undefined ? undefined : offset + limit)
}

function byOrder(a: Point, b: Point): number {
  return (
    a.begin - b.begin ||
    a.end - b.end ||
    compareTexts(a.series.type, b.series.type) ||
    compareTexts(a.series.scopeId, b.series.scopeId) ||
    compareIds(a.series, b.series) ||
    compare(a.quantity, b.quantity) ||
    compare(a.price, b.price)
  )
}

function compareIds(a: Series, b: Series): number {
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0
}
