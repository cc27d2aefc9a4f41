import { LRUCache } from 'lru-cache'
import { isCalendar, type PointFilter } from '../point-store.ts'
import { Params, type Statement } from './statement.ts'
import { seriesConditions } from './visible-sql.ts'

/** What is known of the series that a filter leaves. */
export interface WantedSeries {
  /** Their scopes' numbers are from `first` to `last`. */
  readonly scopes: { readonly first: number; readonly last: number }
  /** Their numbers, when they are few. */
  readonly numbers: readonly number[] | undefined
}

type SeriesFilter = Pick<PointFilter, 'types' | 'attributes'>
type Row = readonly [first: number, last: number, numbers: { items: number[] } | null] | readonly [null, null, null]

/** So many series are few: a list of them is quicker than to look for them again. */
const FEW_SERIES = 2000
/** Numbers that are remembered for all filters together, some 10 MB. */
const REMEMBERED = 1_000_000

/**
 * Finds the series that filters mean, and remembers them until series come or go: tenants ask for the same ones again
 * and again, and all points of one scope lie together.
 */
export class WantedSeriesFinder {
  readonly #select: (statement: Statement, signal: AbortSignal | undefined) => Promise<unknown[][]>
  readonly #changes: () => number
  readonly #remembered = new LRUCache<string, { wanted: WantedSeries | undefined; changes: number }>({
    maxSize: REMEMBERED,
    sizeCalculation: ({ wanted }) => 10 + (wanted?.numbers?.length ?? 0),
  })

  /** `changes` grows whenever series have come or gone, after they can be seen by `select`. */
  constructor(
    select: (statement: Statement, signal: AbortSignal | undefined) => Promise<unknown[][]>,
    changes: () => number,
  ) {
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

    const [row] = (await this.#select(wantedSeriesSql(filter), signal)) as unknown as [Row]
    const [first, last, numbers] = row
    const wanted = first === null ? undefined : { scopes: { first, last }, numbers: numbers?.items }
    this.#remembered.set(key, { wanted, changes })
    return wanted ?? 'none'
  }
}

/** One row; NULL when there are no such series. */
function wantedSeriesSql(filter: SeriesFilter): Statement {
  const params = new Params()
  const where = seriesConditions(filter, params).join(' AND ')
  return {
    sql: `SELECT min(scope), max(scope), CASE WHEN count(*) <= ${FEW_SERIES} THEN list(number) END FROM series WHERE ${where}`,
    params: params.list,
  }
}
