import type { DuckDBConnection } from '@duckdb/node-api'
import type { Instant } from '../../domain/period.ts'
import type { Point } from '../../domain/point.ts'
import type { Sample, SampleQuery, SampleValue } from '../../domain/sample.ts'
import type { BatchId, Snapshot, Tombstone } from '../../domain/snapshot.ts'
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
import { seriesText } from '../grouping.ts'
import { streamTotal, wholeStream } from '../stream-total.ts'
import { weightOf } from '../weight-of.ts'
import type { CopyOptions, PointsCopy } from '../points-copy.ts'
import { BroughtFinder } from './brought-finder.ts'
import { copyTables } from './copy-tables.ts'
import { deleteBatchesSql, deleteTombstonesSql } from './delete-sql.ts'
import {
  deleteBatchesAbove,
  dropBefore,
  findOrphans,
  type Orphans,
  removeOrphans,
  removeSampleOrphans,
} from './drop-before.ts'
import type { DuckDBDatabase } from './duckdb-database.ts'
import { tornFault, toReadFault, toWriteFault } from './store-faults.ts'
import { smallTotal, MOST_SUMS, mostSummed, SCOPES_ABOVE } from './small-totals.ts'
import { orderPoints, RUN_POINTS } from './order-points.ts'
import { PointReader } from './point-reader.ts'
import { readStart } from './read-start.ts'
import { type PageWindow, pageWindowSql, pointsSql } from './retrieve-sql.ts'
import { firstSampleSql, sampleScopesSql, samplesSql } from './sample-sql.ts'
import { ScopeTexts } from './scope-texts.ts'
import { run } from './run-statement.ts'
import { SeriesDictionary } from './series-dictionary.ts'
import type { Select, Statement } from './statement.ts'
import type { StoreOptions, StoreStart } from './store-options.ts'
import type { Rest } from './stored-value.ts'
import { TextDictionary } from './text-dictionary.ts'
import { totalSql } from './total-sql.ts'
import { type SeriesSelection, SeriesSelector } from './series-selection.ts'
import { writePoints } from './write-points.ts'
import { noteSql, toWritten, writtenSql } from './written.ts'
import type { Change } from './writer.ts'
import { writeSamples } from './write-samples.ts'

/** Points and samples in one DuckDB file. Made by `openDuckDBStore`. */
export class DuckDBStore implements PointStore {
  /** As many as there are readers; each occupies all processors anyway. */
  readonly places = { light: 2, dear: 1 }
  readonly #database: DuckDBDatabase
  readonly #series: SeriesDictionary
  readonly #ruleSets: TextDictionary
  readonly #sampleSeries: TextDictionary
  readonly #reader: PointReader
  readonly #selector: SeriesSelector
  readonly #brought: BroughtFinder
  readonly #scopeTexts: ScopeTexts
  readonly #runPoints: number
  readonly #mostSums: number
  readonly #scopesAbove: number
  #widest: Rest
  /** About how many there are: what is deleted still counts until the store is opened again. */
  #points: number
  /** Points of batches that are not in order yet, and the last of these batches. */
  #unordered: { points: number; last: BatchId }
  /** Readers that look series up for rows which they have read, each as an object of its own. */
  readonly #reading = new Set<object>()
  /** What was left without points when these readers had begun: it goes when they have ended. */
  #orphans: { readonly rows: Orphans; readonly readers: readonly object[] } | undefined

  private constructor(database: DuckDBDatabase, start: StoreStart) {
    this.#database = database
    this.#series = new SeriesDictionary(start.series)
    this.#ruleSets = new TextDictionary('rule_sets', 'rules', start.ruleSets)
    this.#sampleSeries = new TextDictionary('sample_series', 'identity', start.sampleSeries)
    this.#runPoints = start.runPoints
    this.#mostSums = start.mostSums
    this.#scopesAbove = start.scopesAbove
    this.#widest = start.widest
    this.#points = start.points
    this.#unordered = start.unordered
    const select: Select = (statement, signal) => this.#select(statement, signal)
    this.#reader = new PointReader(select)
    const changes = () => this.#series.changes
    this.#selector = new SeriesSelector(select, changes)
    this.#brought = new BroughtFinder(select, changes)
    this.#scopeTexts = new ScopeTexts(select, changes)
  }

  /** Takes the database over: it is closed with the store. */
  static async over(
    database: DuckDBDatabase,
    { runPoints = RUN_POINTS, mostSums = MOST_SUMS, scopesAbove = SCOPES_ABOVE }: StoreOptions,
  ): Promise<DuckDBStore> {
    return new DuckDBStore(database, { ...(await readStart(database)), runPoints, mostSums, scopesAbove })
  }

  async write(batch: BatchId, points: readonly Point[], signal?: AbortSignal): Promise<void> {
    if (points.length === 0) return
    const written = { series: this.#series, ruleSets: this.#ruleSets }
    const work = async (connection: DuckDBConnection) => {
      const rest = await writePoints(connection, batch, points, written)
      // Too much would only be slow, too little would be wrong: so before the commit.
      if (rest > this.#widest) this.#widest = rest
    }
    await this.#append('points', batch, points.length, work, signal)
    this.#points += points.length
    this.#unordered.points += points.length
    this.#unordered.last = Math.max(this.#unordered.last, batch)
    if (this.#unordered.points >= this.#runPoints) void this.#order()
  }

  /** Beside what else is asked for. When it fails, for want of room perhaps, the points stay as they are until next time. */
  async #order(): Promise<void> {
    const { last } = this.#unordered
    this.#unordered = { points: 0, last }
    await this.#change((connection) => orderPoints(connection, last), { yields: true }).catch((error: unknown) => {
      this.#database.events.orderingFailed(error)
    })
  }

  async writeSamples(batch: BatchId, samples: readonly Sample[], signal?: AbortSignal): Promise<void> {
    if (samples.length === 0) return
    const work = (connection: DuckDBConnection) => writeSamples(connection, batch, samples, this.#sampleSeries)
    await this.#append('samples', batch, samples.length, work, signal)
  }

  async count(batch: BatchId, signal?: AbortSignal): Promise<BatchRows> {
    const sql = `SELECT (SELECT count(*) FROM points WHERE batch = $1), (SELECT count(*) FROM samples WHERE batch = $1)`
    const [row] = await this.#select({ sql, params: [batch] }, signal)
    return { points: Number(row?.[0]), samples: Number(row?.[1]) }
  }

  async identity(signal?: AbortSignal): Promise<string> {
    const [row] = await this.#select({ sql: 'SELECT identity FROM store_identity', params: [] }, signal)
    return row?.[0] as string
  }

  async written(batches: readonly BatchId[], signal?: AbortSignal): Promise<Map<BatchId, BatchRows>> {
    if (batches.length === 0) return new Map()
    return toWritten(await this.#select(writtenSql(batches), signal))
  }

  async deleteBatches(batches: readonly BatchId[], signal?: AbortSignal): Promise<void> {
    if (batches.length === 0) return
    await this.#change(
      async (connection) => {
        for (const statement of deleteBatchesSql(batches)) await run(connection, statement, signal)
      },
      { signal },
    )
  }

  async deleteTombstones(tombstones: readonly Tombstone[], signal?: AbortSignal): Promise<void> {
    if (tombstones.length === 0) return
    await this.#change(
      async (connection) => {
        await run(connection, deleteTombstonesSql(tombstones), signal)
      },
      { signal },
    )
    // Whoever hears that they are gone forgets them: without the log they must not come back.
    await this.#database.checkpoint()
  }

  async dropBefore(keep: KeepFrom, signal?: AbortSignal): Promise<Dropped> {
    await this.#removeOrphans(signal)
    let dropped: Dropped = { points: 0, samples: 0 }
    await this.#change(
      async (connection) => {
        dropped = await dropBefore(connection, keep)
        if (dropped.samples === 0) return
        await removeSampleOrphans(connection)
        this.#sampleSeries.forget()
      },
      { signal },
    )
    if (dropped.points > 0) {
      await this.#change(
        async (connection) => {
          this.#orphans = { rows: await findOrphans(connection), readers: [...this.#reading] }
        },
        { signal },
      )
    }
    if (dropped.points > 0 || dropped.samples > 0) await this.#database.checkpoint()
    return dropped
  }

  /** Not at once: who has read points before they were dropped is going to ask for their series. */
  async #removeOrphans(signal: AbortSignal | undefined): Promise<void> {
    const orphans = this.#orphans
    if (!orphans || orphans.readers.some((reader) => this.#reading.has(reader))) return
    this.#orphans = undefined
    await this.#change(
      async (connection) => {
        await removeOrphans(connection, orphans.rows)
        // Before the next transaction begins: to look up a number for nothing is only slow.
        for (const each of [this.#series, this.#ruleSets]) each.forget()
      },
      { signal },
    )
  }

  async highestBatch(signal?: AbortSignal): Promise<BatchId> {
    const sql = 'SELECT greatest((SELECT max(batch) FROM points), (SELECT max(batch) FROM samples), 0)'
    const [row] = await this.#select({ sql, params: [] }, signal)
    return Number(row?.[0])
  }

  async deleteBatchesAbove(batch: BatchId, signal?: AbortSignal): Promise<void> {
    await this.#change((connection) => deleteBatchesAbove(connection, batch), { signal })
  }

  async copyTo(folder: string, upTo: BatchId, options: CopyOptions): Promise<PointsCopy> {
    return this.#database.read((connection) => copyTables(connection, folder, upTo, options), options.signal)
  }

  async total(asked: TotalQuery, snapshot: Snapshot, signal?: AbortSignal): Promise<Total> {
    if (matchesNothing(asked)) return { total: 0, rows: [] }
    const query = await this.#brought.add(asked, signal)
    const selection = await this.#selector.find(query, signal)
    if (selection === 'none') return { total: 0, rows: [] }
    return (
      (await this.#totalOfFew(query, snapshot, selection, signal)) ??
      (await this.#totalOfMany(query, snapshot, selection, signal))
    )
  }

  async streamTotal(asked: TotalQuery, snapshot: Snapshot, signal?: AbortSignal): Promise<TotalStream> {
    if (matchesNothing(asked)) return wholeStream({ total: 0, rows: [] })
    const query = await this.#brought.add(asked, signal)
    const selection = await this.#selector.find(query, signal)
    if (selection === 'none') return wholeStream({ total: 0, rows: [] })
    const few = await this.#totalOfFew(query, snapshot, selection, signal)
    if (few) return wholeStream(few)
    const statement = totalSql(query, snapshot, this.#widest, selection)
    return streamTotal(this.#stream(statement, signal), (rows) => statement.read(rows))
  }

  async weigh(query: PointFilter & Partial<Pick<TotalQuery, 'groupby'>>, signal?: AbortSignal): Promise<number> {
    if (matchesNothing(query)) return 0
    const selection = await this.#selector.find(query, signal)
    if (selection === 'none') return 0
    const series = selection === 'all' ? this.#series.count : selection.count
    return weightOf(query, { series, points: this.#points })
  }

  /** Undefined when there may be more sums than are grouped here. */
  async #totalOfFew(
    query: TotalQuery,
    snapshot: Snapshot,
    selection: SeriesSelection | 'all',
    signal: AbortSignal | undefined,
  ): Promise<Total | undefined> {
    const most = mostSummed(query, this.#mostSums)
    if (most === 0) return undefined
    const { groupby } = query
    const series = selection === 'all' ? this.#series.count : selection.count
    // Texts of few series are quicker found than those of all scopes.
    const byScope =
      groupby.length > 0 && series > this.#scopesAbove ? await this.#scopeTexts.find(groupby, signal) : undefined
    if (byScope?.every(({ size }) => size <= most)) {
      const sums = smallTotal(query, 'scope', snapshot, this.#widest, selection, this.#mostSums)
      const rows = await this.#select(sums, signal)
      if (rows.length === sums.rowsMax) return undefined
      return sums.read(rows, (scope) => byScope.map((texts) => texts.get(scope)!))
    }
    if (groupby.length > 0 && series > most) return undefined
    const sums = smallTotal(query, 'series', snapshot, this.#widest, selection, this.#mostSums)
    return await this.#whileReading(async () => {
      const rows = await this.#select(sums, signal)
      if (rows.length === sums.rowsMax) return undefined
      const found = await this.#reader.series(sums.numbersOf(rows), signal)
      return sums.read(rows, (number) => groupby.map((grouping) => seriesText(found.get(number)!, grouping)))
    })
  }

  async #totalOfMany(
    query: TotalQuery,
    snapshot: Snapshot,
    selection: SeriesSelection | 'all',
    signal: AbortSignal | undefined,
  ): Promise<Total> {
    const statement = totalSql(query, snapshot, this.#widest, selection)
    return statement.read(await this.#select(statement, signal))
  }

  /** Series that were there when `work` began stay until it has ended. */
  async #whileReading<T>(work: () => Promise<T>): Promise<T> {
    const reader = {}
    this.#reading.add(reader)
    try {
      return await work()
    } finally {
      this.#reading.delete(reader)
    }
  }

  async retrieve(asked: RetrieveQuery, snapshot: Snapshot, signal?: AbortSignal): Promise<Retrieved> {
    if (matchesNothing(asked)) return { total: 0, points: [] }
    const query = await this.#brought.add(asked, signal)
    const selection = await this.#selector.find(query, signal)
    if (selection === 'none') return { total: 0, points: [] }
    const [row] = await this.#select(pageWindowSql(query, snapshot, selection), signal)
    const [total, first, last, before] = row as [bigint, ...(bigint | null)[]]
    if (first === null || query.limit === 0) return { total: Number(total), points: [] }
    const window: PageWindow = { begin: Number(first), end: Number(last) + 1, skip: Number(before) }
    const filter = { ...query, begin: window.begin, end: window.end }
    const page = { offset: query.offset - window.skip, limit: query.limit }
    const statement = pointsSql(filter, snapshot, selection, page)
    const points: Point[] = []
    for await (const rows of this.#stream(statement, signal)) points.push(...(await this.#reader.points(rows, signal)))
    return { total: Number(total), points }
  }

  async *stream(
    asked: PointFilter,
    snapshot: Snapshot,
    signal?: AbortSignal,
  ): AsyncGenerator<readonly Point[], void, undefined> {
    if (matchesNothing(asked)) return
    const filter = await this.#brought.add(asked, signal)
    const selection = await this.#selector.find(filter, signal)
    if (selection === 'none') return
    const statement = pointsSql(filter, snapshot, selection)
    for await (const rows of this.#stream(statement, signal)) yield await this.#reader.points(rows, signal)
  }

  async readSamples(query: SampleQuery, snapshot: Snapshot, signal: AbortSignal): Promise<SampleValue[]> {
    const statement = samplesSql(query, snapshot)
    return statement ? statement.read(await this.#select(statement, signal)) : []
  }

  async sampleScopes(scopeKey: string, snapshot: Snapshot, signal: AbortSignal): Promise<string[]> {
    const rows = await this.#select(sampleScopesSql(scopeKey, snapshot), signal)
    return rows.map(([value]) => value as string)
  }

  async firstSampleAt(snapshot: Snapshot, signal: AbortSignal): Promise<Instant | undefined> {
    const [row] = await this.#select(firstSampleSql(snapshot), signal)
    const at = row?.[0] as bigint | null
    return at === null ? undefined : Number(at)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#database[Symbol.asyncDispose]()
  }

  async #change(
    work: (connection: DuckDBConnection) => Promise<void>,
    more: Omit<Change, 'work' | 'committed'> = {},
  ): Promise<void> {
    const numbers = [this.#series, this.#ruleSets, this.#sampleSeries]
    try {
      await this.#database.change({
        ...more,
        async work(connection) {
          // What an earlier attempt of the same change gave is void.
          for (const each of numbers) each.rollback()
          await work(connection)
        },
        committed() {
          for (const each of numbers) each.commit()
        },
      })
    } catch (error) {
      throw toWriteFault(error, this.#database.path)
    }
  }

  /** Adds rows to a batch. After a commit that failed they are counted: they are all there, or none, or the batch is torn. */
  async #append(
    table: 'points' | 'samples',
    batch: BatchId,
    rows: number,
    work: (connection: DuckDBConnection) => Promise<void>,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const count: Statement = { sql: `SELECT count(*) FROM ${table} WHERE batch = $1`, params: [batch] }
    let before = 0
    await this.#change(
      async (connection) => {
        before = Number((await run(connection, count))[0]?.[0])
        await work(connection)
        await run(connection, noteSql(batch, { points: 0, samples: 0, [table]: rows }))
      },
      {
        signal,
        async isThere(connection) {
          const [[found] = []] = await run(connection, count)
          const more = Number(found) - before
          if (more !== 0 && more !== rows) throw tornFault(batch, { rows, found: more })
          return more === rows
        },
      },
    )
  }

  async #select(statement: Statement, signal: AbortSignal | undefined): Promise<unknown[][]> {
    try {
      return await this.#database.select(statement, signal)
    } catch (error) {
      throw toReadFault(error, this.#database.path)
    }
  }

  async *#stream(statement: Statement, signal: AbortSignal | undefined): AsyncGenerator<unknown[][], void, undefined> {
    const reader = {}
    this.#reading.add(reader)
    try {
      yield* this.#database.stream(statement, signal)
    } catch (error) {
      throw toReadFault(error, this.#database.path)
    } finally {
      this.#reading.delete(reader)
    }
  }
}
