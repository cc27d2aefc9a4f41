import type { Calendar } from '../../domain/calendar.ts'
import { decimal } from '../../domain/decimal.ts'
import type { Instant } from '../../domain/period.ts'
import type { Point } from '../../domain/point.ts'
import type { Sample, SampleQuery, SampleValue } from '../../domain/sample.ts'
import { seriesBytes } from '../../domain/series-bytes.ts'
import { parseAttributes, type Series } from '../../domain/series.ts'
import type { BatchId, Snapshot, Tombstone } from '../../domain/snapshot.ts'
import { UTC } from '../../domain/time-zone.ts'
import { byteCache, textBytes } from '../../lib/byte-cache.ts'
import {
  type Dropped,
  type KeepFrom,
  matchesNothing,
  type PointFilter,
  type PointStore,
  type Retrieved,
  type RetrieveQuery,
  type Total,
  type TotalQuery,
  type TotalStream,
  type BatchRows,
} from '../point-store.ts'
import { calendarsAsked, type WithBrought } from '../brought-calendar.ts'
import { streamTotal, wholeStream } from '../stream-total.ts'
import { weightOf } from '../weight-of.ts'
import type { ClickHouseDatabase } from './clickhouse-database.ts'
import {
  aboveBatch,
  before,
  type Condition,
  type Deletable,
  deleteSql,
  dropPartitionSql,
  ofBatches,
  ofTombstones,
  partitionRangesSql,
  partitionsSql,
} from './delete-sql.ts'
import { pageWindowSql, type PointRow, pointsSql } from './retrieve-sql.ts'
import { firstSampleSql, sampleScopesSql, samplesSql } from './sample-sql.ts'
import type { Layout } from './schema.ts'
import { Params, type Statement } from './statement.ts'
import { type Tables, tablesOf } from './tables.ts'
import { totalSql } from './total-sql.ts'
import { broughtSql, seriesCountSql } from './visible-sql.ts'
import { type Target, writePoints } from './write-points.ts'
import { writeSamples, writtenSampleSeries } from './write-samples.ts'
import { WrittenSeries } from './written-series.ts'

/** Series and rule lists that were read last are kept, so that a page does not parse them again: some 50,000 series. */
const SERIES_BYTES = 64 * 1024 * 1024
const RULES_BYTES = 8 * 1024 * 1024

/** Points and samples in a database of a ClickHouse server or cluster. Made by `openClickHouseStore`. */
export class ClickHouseStore implements PointStore {
  /** Half of the connections: the others are for who rates and writes. */
  readonly places = { light: 12, dear: 4 }
  readonly #database: ClickHouseDatabase
  readonly #layout: Layout
  readonly #tables: Tables
  readonly #written = new WrittenSeries()
  readonly #writtenSamples = writtenSampleSeries()
  readonly #readSeries = byteCache<string, Series>(SERIES_BYTES, seriesBytes)
  readonly #readRules = byteCache<string, readonly string[]>(RULES_BYTES, (_, text) => 2 * textBytes(text))

  /** Takes the database over: it is closed with the store. */
  constructor(database: ClickHouseDatabase, layout: Layout) {
    this.#database = database
    this.#layout = layout
    this.#tables = tablesOf(layout.database)
  }

  async write(batch: BatchId, points: readonly Point[], signal?: AbortSignal): Promise<void> {
    if (points.length > 0) await writePoints(this.#target(batch, signal), points, this.#written)
  }

  async writeSamples(batch: BatchId, samples: readonly Sample[], signal?: AbortSignal): Promise<void> {
    if (samples.length > 0) await writeSamples(this.#target(batch, signal), samples, this.#writtenSamples)
  }

  #target(batch: BatchId, signal: AbortSignal | undefined): Target {
    return { database: this.#database, tables: this.#tables, batch, signal }
  }

  async count(batch: BatchId, signal?: AbortSignal): Promise<BatchRows> {
    const { points, samples } = this.#tables
    const params = new Params()
    const where = `WHERE batch = ${params.add(batch)}`
    const sql = `SELECT (SELECT count() FROM ${points} ${where}), (SELECT count() FROM ${samples} ${where})`
    const [row] = await this.#database.select({ sql, params: params.list }, signal)
    return { points: Number(row?.[0]), samples: Number(row?.[1]) }
  }

  async identity(signal?: AbortSignal): Promise<string> {
    const sql = `SELECT identity FROM ${this.#tables.storeIdentity} LIMIT 1`
    const [row] = await this.#database.select({ sql, params: {} }, signal)
    return row?.[0] as string
  }

  async written(batches: readonly BatchId[], signal?: AbortSignal): Promise<Map<BatchId, BatchRows>> {
    if (batches.length === 0) return new Map()
    const params = new Params()
    const sql = `SELECT batch, sum(points), sum(samples) FROM ${this.#tables.written}
WHERE batch IN ${params.integers(batches)} GROUP BY batch`
    const rows = await this.#database.select({ sql, params: params.list }, signal)
    return new Map(
      rows.map(([of, points, samples]) => [Number(of), { points: Number(points), samples: Number(samples) }]),
    )
  }

  async deleteBatches(batches: readonly BatchId[], signal?: AbortSignal): Promise<void> {
    for (const condition of ofBatches(batches)) {
      await this.#delete('points', condition, signal)
      await this.#delete('samples', condition, signal)
    }
  }

  async deleteTombstones(tombstones: readonly Tombstone[], signal?: AbortSignal): Promise<void> {
    for (const condition of ofTombstones(tombstones)) await this.#delete('points', condition, signal)
  }

  async deleteBatchesAbove(batch: BatchId, signal?: AbortSignal): Promise<void> {
    await this.#delete('points', aboveBatch(batch), signal)
    await this.#delete('samples', aboveBatch(batch), signal)
    // Their ids may be given again.
    await this.#delete('written', aboveBatch(batch), signal)
  }

  async dropBefore(keep: KeepFrom, signal?: AbortSignal): Promise<Dropped> {
    return {
      points: await this.#dropBefore('points', keep.points, signal),
      samples: await this.#dropBefore('samples', keep.samples, signal),
    }
  }

  async highestBatch(signal?: AbortSignal): Promise<BatchId> {
    const { points, samples } = this.#tables
    const sql = `SELECT greatest((SELECT max(batch) FROM ${points}), (SELECT max(batch) FROM ${samples}))`
    const [row] = await this.#database.select({ sql, params: {} }, signal)
    return Number(row?.[0] ?? 0)
  }

  async total(given: TotalQuery, snapshot: Snapshot, signal?: AbortSignal): Promise<Total> {
    if (matchesNothing(given)) return { total: 0, rows: [] }
    const query = await this.#withBrought(given, signal)
    const ask = async (asked: TotalQuery & WithBrought): Promise<Total> => {
      const statement = totalSql(asked, snapshot, this.#tables)
      return statement.read(await this.#ask(statement, signal))
    }
    if (query.limit !== 0) {
      const total = await ask(query)
      if (total.rows.length > 0 || query.offset === 0) return total
    }
    // The number of groups stands in the rows of a page: an empty one does not say it.
    const { total } = await ask({ ...query, offset: 0, limit: 1 })
    return { total, rows: [] }
  }

  async streamTotal(given: TotalQuery, snapshot: Snapshot, signal?: AbortSignal): Promise<TotalStream> {
    if (matchesNothing(given)) return wholeStream({ total: 0, rows: [] })
    const query = await this.#withBrought(given, signal)
    const statement = totalSql(query, snapshot, this.#tables)
    const answer = await streamTotal(this.#database.stream(statement, signal, 'question'), (rows) =>
      statement.read(rows),
    )
    if (answer.total > 0 || (query.offset === 0 && query.limit !== 0)) return answer
    // The number of groups stands in the rows of a page: an empty one does not say it.
    await answer.rows.return?.()
    return wholeStream(await this.total({ ...query, limit: 0 }, snapshot, signal))
  }

  async weigh(query: PointFilter & Partial<Pick<TotalQuery, 'groupby'>>, signal?: AbortSignal): Promise<number> {
    if (matchesNothing(query)) return 0
    const counts = new Map((await this.#ask(seriesCountSql(query, this.#tables), signal)) as [string, string][])
    return weightOf(query, { series: Number(counts.get('series')), points: Number(counts.get('points')) })
  }

  async retrieve(given: RetrieveQuery, snapshot: Snapshot, signal?: AbortSignal): Promise<Retrieved> {
    if (matchesNothing(given)) return { total: 0, points: [] }
    const query = await this.#withBrought(given, signal)
    const [row] = await this.#ask(pageWindowSql(query, snapshot, this.#tables), signal)
    const [total, hasPage, first, last, before] = (row ?? []).map(Number) as [number, number, number, number, number]
    if (!hasPage || query.limit === 0) return { total: total ?? 0, points: [] }
    const filter = { ...query, begin: first, end: last + 1 }
    const page = { offset: query.offset - before, limit: query.limit }
    const rows = await this.#ask(pointsSql(filter, snapshot, this.#tables, page), signal)
    return { total, points: await this.#toPoints(rows, signal) }
  }

  async *stream(
    given: PointFilter,
    snapshot: Snapshot,
    signal?: AbortSignal,
  ): AsyncGenerator<readonly Point[], void, undefined> {
    if (matchesNothing(given)) return
    const filter = await this.#withBrought(given, signal)
    const statement = pointsSql(filter, snapshot, this.#tables)
    for await (const rows of this.#database.stream(statement, signal)) yield await this.#toPoints(rows, signal)
  }

  #ask(statement: Statement, signal: AbortSignal | undefined): Promise<unknown[][]> {
    return this.#database.select(statement, signal, 'question')
  }

  /** The question, and what it needs to know of the calendar: nothing, mostly. */
  async #withBrought<Q extends PointFilter & Partial<Pick<TotalQuery, 'groupby'>>>(
    query: Q,
    signal: AbortSignal | undefined,
  ): Promise<Q & WithBrought> {
    const names = calendarsAsked(query)
    if (names.length === 0) return query
    const rows = (await this.#ask(broughtSql(names, this.#tables), signal)) as [Calendar][]
    return { ...query, brought: new Set(rows.map(([name]) => name)) }
  }

  async readSamples(query: SampleQuery, snapshot: Snapshot, signal: AbortSignal): Promise<SampleValue[]> {
    const statement = samplesSql(query, snapshot, this.#tables)
    return statement ? statement.read(await this.#database.select(statement, signal)) : []
  }

  async sampleScopes(scopeKey: string, snapshot: Snapshot, signal: AbortSignal): Promise<string[]> {
    const rows = await this.#database.select(sampleScopesSql(scopeKey, snapshot, this.#tables), signal)
    return rows.map(([value]) => value as string)
  }

  async firstSampleAt(snapshot: Snapshot, signal: AbortSignal): Promise<Instant | undefined> {
    const [row] = await this.#database.select(firstSampleSql(snapshot, this.#tables), signal)
    return Number(row?.[0]) === 0 ? undefined : Number(row?.[1])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#database[Symbol.asyncDispose]()
  }

  async #delete(table: Deletable | 'written', condition: Condition, signal: AbortSignal | undefined): Promise<void> {
    const partitions = await this.#database.select(partitionsSql(this.#tables[table], condition), signal)
    for (const [partition] of partitions) {
      await this.#database.command(deleteSql(this.#layout, table, partition as string, condition), signal)
    }
  }

  /** Whole months go at once; of the one that the instant lies in, the rows before it. */
  async #dropBefore(table: Deletable, instant: Instant, signal: AbortSignal | undefined): Promise<number> {
    let dropped = 0
    const ranges = await this.#database.select(partitionRangesSql(this.#tables[table], table, instant), signal)
    for (const [partition, last, old] of ranges as [string, string, string][]) {
      await this.#database.command(
        // Into a month that is not over at that instant, somebody may be writing what is to be kept.
        Number(last) < UTC.monthStart(instant)
          ? dropPartitionSql(this.#layout, table, partition)
          : deleteSql(this.#layout, table, partition, before(table, instant)),
        signal,
      )
      dropped += Number(old)
    }
    return dropped
  }

  async #toPoints(rows: readonly unknown[][], signal: AbortSignal | undefined): Promise<Point[]> {
    const typed = rows as unknown as readonly PointRow[]
    const series = await this.#seriesOf(typed, signal)
    return typed.map(([begin, end, _type, _scope, id, quantity, price, rules]) => ({
      series: series.get(id)!,
      begin: Number(begin),
      end: Number(end),
      quantity: decimal(quantity),
      price: decimal(price),
      rules: this.#rulesOf(rules),
    }))
  }

  #rulesOf(text: string): readonly string[] {
    const known = this.#readRules.get(text)
    if (known) return known
    const rules = JSON.parse(text) as string[]
    this.#readRules.set(text, rules)
    return rules
  }

  /** The rows' series by their ids, from what is remembered or else from the store. */
  async #seriesOf(rows: readonly PointRow[], signal: AbortSignal | undefined): Promise<Map<string, Series>> {
    const found = new Map<string, Series>()
    const missing = new Map<string, PointRow>()
    for (const row of rows) {
      const known = this.#readSeries.get(row[4])
      if (known) found.set(row[4], known)
      else missing.set(row[4], row)
    }
    if (missing.size === 0) return found
    const params = new Params()
    const sql = `SELECT id, groupby, metadata FROM ${this.#tables.series}
WHERE id IN ${params.integers([...missing.keys()].map(BigInt))}`
    for (const [id, groupby, metadata] of (await this.#database.select(
      { sql, params: params.list },
      signal,
    )) as string[][]) {
      const [, , type, scopeId, , , , , unit] = missing.get(id!)!
      const series: Series = {
        id: BigInt(id!),
        scopeId,
        type,
        unit,
        groupby: parseAttributes(groupby!),
        metadata: parseAttributes(metadata!),
      }
      this.#readSeries.set(id!, series)
      found.set(id!, series)
    }
    for (const id of missing.keys()) {
      // Series are written before their points and never removed: somebody else took them away.
      if (!found.has(id))
        throw new Error(`the table ${this.#tables.series} has lost the series ${id}, of which there are points`)
    }
    return found
  }
}
