import type { Decimal } from '../domain/decimal.ts'
import type { Instant } from '../domain/period.ts'
import type { Point } from '../domain/point.ts'
import type { Sample, SampleReader } from '../domain/sample.ts'
import type { BatchId, Snapshot, Tombstone } from '../domain/snapshot.ts'
import type { TimeZone } from '../domain/time-zone.ts'
import type { Plugin } from '../lib/plugin.ts'
import type { StoreEvents } from './events.ts'
import type { Grouping, TimeBuckets } from './grouping.ts'
import type { CopyOptions, PointsCopy, RestoreOptions } from './points-copy.ts'

/** Narrows a query. Several values of one attribute are alternatives; several attributes must all match. */
export interface PointFilter {
  /** Half-open, on the points' begin. */
  readonly begin: Instant
  readonly end: Instant
  /** Metric types; empty means all. */
  readonly types: readonly string[]
  /**
   * Attribute name to the texts that match (`attributeText`), groupby and metadata alike, and `type`, `unit` and the
   * calendar attributes (`CALENDAR`), which a series may have itself; groupby wins over metadata of the same name. An absent
   * attribute is the empty text.
   * An empty list of values matches nothing.
   */
  readonly attributes: ReadonlyMap<string, readonly string[]>
  /** Whose days, weeks, months and years the calendar attributes are; UTC if absent. */
  readonly zone?: TimeZone
  /**
   * One of these attributes: what the caller may see is found by it first, and of nothing else anything is looked at, so that
   * how long an answer takes tells nothing about others. Absent where the caller may see everything.
   */
  readonly firstBy?: string
}

/** Whether no point can match, so that a store need not be asked. */
export function matchesNothing(filter: PointFilter): boolean {
  if (filter.begin >= filter.end) return true
  for (const values of filter.attributes.values()) if (values.length === 0) return true
  return false
}

export const VALUE_FUNCTIONS = ['sum', 'min', 'max', 'mean', 'count', 'first', 'last'] as const
export type ValueFunction = (typeof VALUE_FUNCTIONS)[number]

/**
 * `SUM(price) AS rate`. `first` and `last` go by the points' begin; of several points with that begin the smallest and
 * the largest value counts, respectively. `mean` is cut half-even at 18 digits after the point; all others are exact.
 */
export interface ValueField {
  readonly function: ValueFunction
  readonly column: 'qty' | 'price'
  readonly alias: string
}

export interface TotalQuery extends PointFilter {
  readonly groupby: readonly Grouping[]
  /** Rows are told apart by time as well; empty buckets are left out. Absent: one row for the whole range. */
  readonly buckets?: TimeBuckets | undefined
  readonly values: readonly ValueField[]
  readonly offset: number
  /** Undefined: all rows. */
  readonly limit: number | undefined
}

export interface TotalRow {
  /** The query's range, or the bucket where there are such. */
  readonly begin: Instant
  readonly end: Instant
  /** In the order of the query's values. */
  readonly values: readonly Decimal[]
  /** Texts of the groups, in the order of the query's groupby. */
  readonly groups: readonly string[]
}

export interface Total {
  /** Number of groups before paging; 0 when nothing matched, also without groupby. */
  readonly total: number
  /** Ascending by the groups' texts (code points) in groupby order, then by time. */
  readonly rows: readonly TotalRow[]
}

/** As `Total`, for any number of rows. */
export interface TotalStream {
  readonly total: number
  /** In lists of at most a few thousand. To be read to the end or left by `return`: until then it holds a place in the engine. */
  readonly rows: AsyncIterableIterator<readonly TotalRow[]>
}

export interface RetrieveQuery extends PointFilter {
  readonly offset: number
  readonly limit: number | undefined
}

export interface Retrieved {
  /** Number of points before paging. */
  readonly total: number
  /** By begin, end, type, scope, series id: an order that holds from page to page. Points equal in these: by value. */
  readonly points: readonly Point[]
}

/** From when on a store is to keep what it has: points by their begin, samples by their instant. */
export interface KeepFrom {
  readonly points: Instant
  readonly samples: Instant
}

/** Rows that a batch has left in a store, seen or not. */
export interface BatchRows {
  readonly points: number
  readonly samples: number
}

/** Rows that went, seen or not. An engine that counts before it deletes may be off by what is written meanwhile. */
export interface Dropped {
  readonly points: number
  readonly samples: number
}

/**
 * Where rated points and raw samples are kept. What is written is seen only through a `Snapshot`, which state hands
 * out: the store itself knows nothing of commits. Decimals go in and come out exact to 18 digits after the point. Every call
 * ends early when its signal fires, with the signal's reason: a change is then made or not made, and again is harmless.
 */
export interface PointStore extends SampleReader, AsyncDisposable {
  /**
   * Writes a batch's points. May be called several times for one batch (the points add up). Equal points are two points.
   * Throws without a trace of this call, or leaves rows that no snapshot shows until `deleteBatches`. A value that does
   * not fit `DECIMAL(38,18)` is refused with the fault `storage.out_of_range`.
   */
  write(batch: BatchId, points: readonly Point[], signal?: AbortSignal): Promise<void>
  /** As `write`, for samples. */
  writeSamples(batch: BatchId, samples: readonly Sample[], signal?: AbortSignal): Promise<void>
  /** Counted anew by the engine: what was handed over and what is there can differ after an error. */
  count(batch: BatchId, signal?: AbortSignal): Promise<BatchRows>
  /** Made with the store and kept by its copies: another store has another one. */
  identity(signal?: AbortSignal): Promise<string>
  /**
   * What was ever written for these batches, as each write has noted it in its own transaction; batches of which nothing was
   * are left out. Neither a sweep nor `dropBefore` changes it: where it is less than what was handed over, writes were lost.
   */
  written(batches: readonly BatchId[], signal?: AbortSignal): Promise<ReadonlyMap<BatchId, BatchRows>>
  /** Removes all that a batch left, points and samples. Again is harmless. */
  deleteBatches(batches: readonly BatchId[], signal?: AbortSignal): Promise<void>
  /** Removes the points that are void. Again is harmless. */
  deleteTombstones(tombstones: readonly Tombstone[], signal?: AbortSignal): Promise<void>
  /**
   * Forgets the past for good: when it returns, no query finds a point that begins before `keep.points` or a sample before
   * `keep.samples`, of whatever batch; nothing else is gone. Whole months go first where the engine keeps months apart, so
   * that it is cheap at a month's begin and dearer in its middle. What is not needed any more without them (series, rule
   * lists) may go too. Again is harmless and finds nothing to do; so does a call after a crash half-way, which goes on.
   * Queries under way see each of these points or not. The space is given back, or used for what is written next.
   */
  dropBefore(keep: KeepFrom, signal?: AbortSignal): Promise<Dropped>
  /** The newest batch that has left anything here, points or samples, seen or not; 0 in an empty store. */
  highestBatch(signal?: AbortSignal): Promise<BatchId>
  /**
   * Removes all that batches above this one left, points and samples, and what is noted of them. Again is harmless. For stores whose state came back
   * from an older copy: it gives these numbers again.
   */
  deleteBatchesAbove(batch: BatchId, signal?: AbortSignal): Promise<void>

  /** How many questions it is to be asked at a time: light ones, and dear ones beside them. */
  readonly places?: { readonly light: number; readonly dear: number }
  total(query: TotalQuery, snapshot: Snapshot, signal?: AbortSignal): Promise<Total>
  /** As `total`, but the rows are read as the consumer takes them; all are of one state of the store. */
  streamTotal(query: TotalQuery, snapshot: Snapshot, signal?: AbortSignal): Promise<TotalStream>
  /**
   * About how many rows of the engine's an answer is made of, if the engine can tell without answering: by it dear questions
   * are told from light ones.
   */
  weigh?(query: PointFilter & Partial<Pick<TotalQuery, 'groupby'>>, signal?: AbortSignal): Promise<number>
  retrieve(query: RetrieveQuery, snapshot: Snapshot, signal?: AbortSignal): Promise<Retrieved>
  /**
   * The points of a filter in `retrieve`'s order, in lists of at most a few thousand: for exports, which need not hold
   * everything at once. All lists are of one state of the store, however long the consumer takes.
   */
  stream(filter: PointFilter, snapshot: Snapshot, signal?: AbortSignal): AsyncIterable<readonly Point[]>

  /**
   * Only of a store in this process. Copies all that batches up to `upTo` have left, seen or not, as it is when the call is
   * made, into a new folder. What is written, swept or dropped meanwhile changes nothing in the copy. When it throws, the
   * folder holds a part.
   */
  copyTo?(folder: string, upTo: BatchId, options: CopyOptions): Promise<PointsCopy>
}

/**
 * What a points store may use of the rest of the program.
 *
 * @public
 */
export interface PointStoreContext {
  /** Told of what it does in the background, which no caller hears of. */
  readonly events: StoreEvents
  /** For so long an answer of the API is waited for: what a question does after that is done for nobody. */
  readonly answerSeconds: number
}

/** A points store as its folder defines it. Its section is `[storage_<name>]`. */
export interface PointStoreDefinition<Options> extends Plugin<PointStoreContext, PointStore, Options> {
  /** Where the points lie, for people: a path, or an address without its password. */
  whereabouts(options: Options): string
  /**
   * For `check-config --connect`: asks without opening the store, so that nothing is made or migrated, and a store that another
   * process has open is well too. As `Probe.run`. Absent: it cannot be asked.
   */
  probe?(options: Options, signal: AbortSignal): Promise<string | undefined>
  /** A store in this process, in a file that no other process can have open meanwhile; undefined for a server. */
  readonly embedded?: EmbeddedPoints<Options>
}

/** What a store in a file needs for backups, beside `copyTo` of the store itself. */
export interface EmbeddedPoints<Options> {
  /** The file. */
  file(options: Options): string
  /** Makes the file, which must not be there, of what `copyTo` has left in a folder. When it throws, the file is to be thrown away. */
  readonly restore: (file: string, folder: string, copy: PointsCopy, options: RestoreOptions) => Promise<void>
}

/** A points store whose options only itself knows. */
export type PointStorePlugin = PointStoreDefinition<unknown>

export function definePointStore<Options>(definition: PointStoreDefinition<Options>): PointStorePlugin {
  return definition
}
