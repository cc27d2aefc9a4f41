import { isCalendar } from '../../domain/calendar.ts'
import type { PointFilter } from '../point-store.ts'
import { Params, type Select, type Statement } from './statement.ts'
import { narrowedConditions, seriesConditions } from './series-conditions.ts'
import { SeriesMemory } from './series-memory.ts'

/** What is known of the series that a filter leaves. */
export interface SeriesSelection {
  /** Their scopes' numbers are from `first` to `last`. */
  readonly scopes: { readonly first: number; readonly last: number }
  /** Whether they are all series of these scopes: then nothing more need be looked for. A tenant's own, mostly. */
  readonly whole: boolean
  /** Their numbers, when they are few and not all. */
  readonly numbers: readonly number[] | undefined
  readonly count: number
}

type SeriesFilter = Pick<PointFilter, 'types' | 'attributes' | 'firstBy'>

/** So many series are few: a list of them is quicker than to look for them again. */
const FEW_SERIES = 2000
/** For the filters that were asked for last: some two million numbers of series. */
const FILTERS_BYTES = 16 * 1024 * 1024
/** One map of all scopes: 600,000 of them fit into what one entry may take of it. */
const SIZES_BYTES = 256 * 1024 * 1024

/**
 * Finds the series that filters mean, and remembers them until series come or go: tenants ask for the same ones again
 * and again, and all points of one scope lie together.
 */
export class SeriesSelector {
  readonly #select: Select
  readonly #changes: () => number
  readonly #selector: SeriesMemory<{ readonly series: SeriesSelection | undefined }>
  /** How many series each scope has, by its number. */
  readonly #sizes: SeriesMemory<ReadonlyMap<number, number>>

  /** `changes` as in `SeriesMemoryOptions`. */
  constructor(select: Select, changes: () => number) {
    this.#select = select
    this.#changes = changes
    this.#selector = new SeriesMemory({
      changes,
      bytesMax: FILTERS_BYTES,
      bytesOf: ({ series }) => 200 + 8 * (series?.numbers?.length ?? 0),
    })
    this.#sizes = new SeriesMemory({ changes, bytesMax: SIZES_BYTES, bytesOf: (sizes) => 50 * sizes.size })
  }

  /** Bytes that are remembered of filters. */
  get bytes(): number {
    return this.#selector.bytes
  }

  /** `all` when the filter says nothing of series, `none` when it leaves none. */
  async find(filter: SeriesFilter, signal: AbortSignal | undefined): Promise<SeriesSelection | 'all' | 'none'> {
    const attributes = [...filter.attributes].filter(([name]) => !isCalendar(name))
    if (filter.types.length === 0 && attributes.length === 0) return 'all'
    const within = await this.#within(filter, attributes.length + filter.types.length, signal)
    if (within === 'none') return 'none'
    const key = JSON.stringify([filter.types, attributes])
    const find = async (changes: number, asked: AbortSignal) => ({
      series: await this.#find(filter, within, changes, asked),
    })
    return (await this.#selector.get(key, find, signal)).series ?? 'none'
  }

  /** The series that the filter narrows to first; undefined when there is nothing else to narrow them by. */
  async #within(filter: SeriesFilter, conditions: number, signal: AbortSignal | undefined) {
    const { firstBy } = filter
    const values = firstBy === undefined ? undefined : filter.attributes.get(firstBy)
    if (firstBy === undefined || !values || conditions === 1) return undefined
    const found = await this.find({ types: [], attributes: new Map([[firstBy, values]]) }, signal)
    return found === 'all' ? undefined : found
  }

  async #find(
    filter: SeriesFilter,
    within: SeriesSelection | undefined,
    changes: number,
    signal: AbortSignal,
  ): Promise<SeriesSelection | undefined> {
    const sizes = await this.#sizesOfScopes(signal)
    const listed = (await this.#select(listSql(filter, within), signal)) as [number: number, scope: number][]
    if (listed.length === 0) return undefined
    const isFew = listed.length <= FEW_SERIES
    const found = isFew ? boundsOf(listed) : await this.#bounds(filter, within, signal)
    if (!found) return undefined
    // Between the questions one transaction may have become visible, no more, and it brings series or removes some:
    // equal counts mean the same series.
    const whole = this.#changes() === changes && found.count === seriesWithin(sizes, found.scopes)
    return { ...found, whole, numbers: isFew && !whole ? listed.map(([number]) => number) : undefined }
  }

  async #bounds(filter: SeriesFilter, within: SeriesSelection | undefined, signal: AbortSignal) {
    const [row] = await this.#select(boundsSql(filter, within), signal)
    const [first, last, count] = row as [number | null, number | null, bigint]
    return first === null || last === null ? undefined : { scopes: { first, last }, count: Number(count) }
  }

  #sizesOfScopes(signal: AbortSignal): Promise<ReadonlyMap<number, number>> {
    const statement = { sql: 'SELECT scope, count(*) FROM series GROUP BY scope', params: [] }
    const find = async (_changes: number, asked: AbortSignal) => {
      const rows = (await this.#select(statement, asked)) as [scope: number, series: bigint][]
      return new Map(rows.map(([scope, series]) => [scope, Number(series)]))
    }
    return this.#sizes.get('', find, signal)
  }
}

type Bounds = Pick<SeriesSelection, 'scopes' | 'count'>

function boundsOf(listed: readonly (readonly [number: number, scope: number])[]): Bounds {
  const scopes = listed.map(([, scope]) => scope)
  return { scopes: { first: Math.min(...scopes), last: Math.max(...scopes) }, count: listed.length }
}

function seriesWithin(sizes: ReadonlyMap<number, number>, { first, last }: SeriesSelection['scopes']): number {
  if (first === last) return sizes.get(first) ?? 0
  let series = 0
  for (const [scope, size] of sizes) if (scope >= first && scope <= last) series += size
  return series
}

/** One more than are few, so that one sees whether there are more. */
function listSql(filter: SeriesFilter, within: SeriesSelection | undefined): Statement {
  const params = new Params()
  const where = conditions(filter, within, params)
  return { sql: `SELECT number, scope FROM series WHERE ${where} LIMIT ${FEW_SERIES + 1}`, params: params.list }
}

function boundsSql(filter: SeriesFilter, within: SeriesSelection | undefined): Statement {
  const params = new Params()
  const where = conditions(filter, within, params)
  return { sql: `SELECT min(scope), max(scope), count(*) FROM series WHERE ${where}`, params: params.list }
}

function conditions(filter: SeriesFilter, within: SeriesSelection | undefined, params: Params): string {
  if (!within) return seriesConditions(filter, params).join(' AND ')
  const own = [`scope >= ${params.add(within.scopes.first)}`, `scope <= ${params.add(within.scopes.last)}`]
  return narrowedConditions(filter, own, params).join(' AND ')
}
