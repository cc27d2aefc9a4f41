import { LRUCache } from 'lru-cache'
import { isCalendar, type PointFilter } from '../point-store.ts'
import { Params, type Statement } from './statement.ts'
import { seriesConditions } from './visible-sql.ts'

/** What is known of the series that a filter leaves. */
export interface WantedSeries {
  /** Their scopes' numbers are from `first` to `last`. */
  readonly scopes: { readonly first: number; readonly last: number }
  /** Whether they are all series of these scopes: then nothing more need be looked for. A tenant's own, mostly. */
  readonly whole: boolean
  /** Their numbers, when they are few and not all. */
  readonly numbers: readonly number[] | undefined
}

type SeriesFilter = Pick<PointFilter, 'types' | 'attributes'>
type Row = readonly [first: number | null, last: number | null, whole: boolean, numbers: { items: number[] } | null]

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
    const [first, last, whole, numbers] = row
    const wanted =
      first === null || last === null
        ? undefined
        : { scopes: { first, last }, whole, numbers: whole ? undefined : numbers?.items }
    this.#remembered.set(key, { wanted, changes })
    return wanted ?? 'none'
  }
}

/** One row; its bounds are NULL when there are no such series. */
function wantedSeriesSql(filter: SeriesFilter): Statement {
  const params = new Params()
  const where = seriesConditions(filter, params).join(' AND ')
  return {
    sql: `WITH wanted AS MATERIALIZED (SELECT number, scope FROM series WHERE ${where}),
  bounds AS (SELECT min(scope) AS first, max(scope) AS last, count(*) AS series FROM wanted)
SELECT first, last, series = (SELECT count(*) FROM series
    WHERE scope >= (SELECT first FROM bounds) AND scope <= (SELECT last FROM bounds)),
  CASE WHEN series <= ${FEW_SERIES} THEN (SELECT list(number) FROM wanted) END
FROM bounds`,
    params: params.list,
  }
}
