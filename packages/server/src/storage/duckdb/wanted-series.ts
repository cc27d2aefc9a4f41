import { LRUCache } from 'lru-cache'
import { isCalendar } from '../../domain/calendar.ts'
import type { PointFilter } from '../point-store.ts'
import { Params, type Select, type Statement } from './statement.ts'
import { seriesConditions } from './series-conditions.ts'

/** What is known of the series that a filter leaves. */
export interface WantedSeries {
  /** Their scopes' numbers are from `first` to `last`. */
  readonly scopes: { readonly first: number; readonly last: number }
  /** Whether they are all series of these scopes: then nothing more need be looked for. A tenant's own, mostly. */
  readonly whole: boolean
  /** Their numbers, when they are few and not all. */
  readonly numbers: readonly number[] | undefined
  readonly count: number
}

type SeriesFilter = Pick<PointFilter, 'types' | 'attributes'>

/** So many series are few: a list of them is quicker than to look for them again. */
const FEW_SERIES = 2000
/** Numbers that are remembered for all filters together, some 10 MB. */
const REMEMBERED = 1_000_000

/**
 * Finds the series that filters mean, and remembers them until series come or go: tenants ask for the same ones again
 * and again, and all points of one scope lie together.
 */
export class WantedSeriesFinder {
  readonly #select: Select
  readonly #changes: () => number
  readonly #remembered = new LRUCache<string, { wanted: WantedSeries | undefined; changes: number }>({
    maxSize: REMEMBERED,
    sizeCalculation: ({ wanted }) => 10 + (wanted?.numbers?.length ?? 0),
  })
  /** How many series each scope has, by its number. */
  #sizes: { readonly changes: number; readonly byScope: Promise<ReadonlyMap<number, number>> } | undefined

  /** `changes` grows whenever series have come or gone, after they can be seen by `select` and before others do. */
  constructor(select: Select, changes: () => number) {
    this.#select = select
    this.#changes = changes
  }

  /** `all` when the filter says nothing of series, `none` when it leaves none. */
  async find(filter: SeriesFilter, signal: AbortSignal | undefined): Promise<WantedSeries | 'all' | 'none'> {
    const attributes = [...filter.attributes].filter(([name]) => !isCalendar(name))
    if (filter.types.length === 0 && attributes.length === 0) return 'all'
    const key = JSON.stringify([filter.types, attributes])
    const changes = this.#changes()
    const known = this.#remembered.get(key)
    if (known?.changes === changes) return known.wanted ?? 'none'

    const wanted = await this.#find(filter, changes, signal)
    this.#remembered.set(key, { wanted, changes })
    return wanted ?? 'none'
  }

  async #find(
    filter: SeriesFilter,
    changes: number,
    signal: AbortSignal | undefined,
  ): Promise<WantedSeries | undefined> {
    const sizes = await this.#sizesOfScopes(changes)
    const listed = (await this.#select(listSql(filter), signal)) as [number: number, scope: number][]
    if (listed.length === 0) return undefined
    const isFew = listed.length <= FEW_SERIES
    const found = isFew ? boundsOf(listed) : await this.#bounds(filter, signal)
    if (!found) return undefined
    // Between the questions one transaction may have become visible, no more, and it brings series or removes some:
    // equal counts mean the same series.
    const whole = this.#changes() === changes && found.count === seriesWithin(sizes, found.scopes)
    return { ...found, whole, numbers: isFew && !whole ? listed.map(([number]) => number) : undefined }
  }

  async #bounds(filter: SeriesFilter, signal: AbortSignal | undefined): Promise<Bounds | undefined> {
    const [row] = await this.#select(boundsSql(filter), signal)
    const [first, last, count] = row as [number | null, number | null, bigint]
    return first === null || last === null ? undefined : { scopes: { first, last }, count: Number(count) }
  }

  /** Asked once for all who wait, so nobody's signal ends it. */
  #sizesOfScopes(changes: number): Promise<ReadonlyMap<number, number>> {
    if (this.#sizes?.changes === changes) return this.#sizes.byScope
    const statement = { sql: 'SELECT scope, count(*) FROM series GROUP BY scope', params: [] }
    const byScope = this.#select(statement, undefined).then(
      (rows) => new Map((rows as [number, bigint][]).map(([scope, series]) => [scope, Number(series)])),
    )
    const sizes = { changes, byScope }
    this.#sizes = sizes
    byScope.catch(() => {
      if (this.#sizes === sizes) this.#sizes = undefined
    })
    return byScope
  }
}

type Bounds = Pick<WantedSeries, 'scopes' | 'count'>

function boundsOf(listed: readonly (readonly [number: number, scope: number])[]): Bounds {
  const scopes = listed.map(([, scope]) => scope)
  return { scopes: { first: Math.min(...scopes), last: Math.max(...scopes) }, count: listed.length }
}

function seriesWithin(sizes: ReadonlyMap<number, number>, { first, last }: WantedSeries['scopes']): number {
  if (first === last) return sizes.get(first) ?? 0
  let series = 0
  for (const [scope, size] of sizes) if (scope >= first && scope <= last) series += size
  return series
}

/** One more than are few, so that one sees whether there are more. */
function listSql(filter: SeriesFilter): Statement {
  const params = new Params()
  const where = seriesConditions(filter, params).join(' AND ')
  return { sql: `SELECT number, scope FROM series WHERE ${where} LIMIT ${FEW_SERIES + 1}`, params: params.list }
}

function boundsSql(filter: SeriesFilter): Statement {
  const params = new Params()
  const where = seriesConditions(filter, params).join(' AND ')
  return { sql: `SELECT min(scope), max(scope), count(*) FROM series WHERE ${where}`, params: params.list }
}
