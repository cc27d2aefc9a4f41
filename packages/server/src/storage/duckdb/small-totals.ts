import type { Snapshot } from '../../domain/snapshot.ts'
import { compareTextLists } from '../../lib/compare-texts.ts'
import type { Total, TotalQuery, ValueFunction } from '../point-store.ts'
import { totalRow } from '../total-row.ts'
import { Params, type Statement } from './statement.ts'
import type { Rest } from './stored-value.ts'
import { readValue, summedSql, toPartialSums } from './partial-sums.ts'
import { bucketSql, visiblePoints, whereOf } from './visible-sql.ts'
import type { SeriesSelection } from './series-selection.ts'

/** Rows that are grouped here rather than by DuckDB: some 10 ms of this thread's time. */
export const MOST_SUMS = 5_000
/** Series up to which nobody asks whether scopes would do to sum by: it takes longer than it saves. */
export const SCOPES_ABOVE = 100

/** The points' sums by series or scope and time bucket, and how to make groups of them. */
export interface SmallTotal extends Statement {
  /** As many rows mean that there were more, and that these are in vain. */
  readonly rowsMax: number
  /** Numbers of the series, or scopes, in the rows. */
  numbersOf(rows: Rows): ReadonlySet<number>
  /** `textsOf` says what a series, or scope, is grouped by. */
  read(rows: Rows, textsOf: (number: number) => readonly string[]): Total
}

type Rows = readonly (readonly unknown[])[]

/**
 * How many series, or scopes, a question may have at most to be answered by `smallTotal`; 0 when it cannot be. A tenant's
 * question needs few sums: to group them in DuckDB takes longer than to add them up, for the joins with the attributes,
 * the ordering and the page; here it takes next to nothing.
 */
export function mostSummed({ begin, end, groupby, buckets, values }: TotalQuery, mostSums: number): number {
  if (groupby.some(({ by }) => by === 'calendar')) return 0
  if (!values.every((value) => ADDED_UP.includes(value.function))) return 0
  return Math.floor(mostSums / (buckets ? Math.ceil((end - begin) / buckets.seconds) + 1 : 1))
}

/** What is computed by adding up. */
const ADDED_UP: readonly ValueFunction[] = ['sum', 'count', 'mean']

/** The statement, and what to do with its rows; `totalSql` is the other way to the same answer. */
export function smallTotal(
  query: TotalQuery,
  by: 'series' | 'scope',
  snapshot: Snapshot,
  widest: Rest,
  selection: SeriesSelection | 'all',
  mostSums = MOST_SUMS,
): SmallTotal {
  const { buckets } = query
  const hasTexts = query.groupby.length > 0
  const params = new Params()
  const visible = visiblePoints(query, snapshot, params, selection)
  const keys = [
    ...(buckets ? [`${bucketSql(buckets, params)} AS bucket`] : []),
    ...(hasTexts ? [`p.${by} AS summed_by`] : []),
  ]
  const partialSums = toPartialSums(query.values, widest, keys.length === 0)
  const summed = summedSql(keys, partialSums, visible.from, whereOf(visible))
  const ctes = [...visible.ctes, `summed AS (${summed})`].join(', ')
  const columns = [buckets ? 'bucket' : 'NULL', hasTexts ? 'summed_by' : 'NULL', ...partialSums.map(({ name }) => name)]
  const at = new Map(partialSums.map(({ name }, i) => [name, i]))
  // Points that lie beside the grid have buckets of their own, and what is not in nine digits has rows of its own.
  const rowsMax = 4 * mostSums

  return {
    sql: `WITH ${ctes} SELECT ${columns.join(', ')} FROM summed LIMIT ${params.add(rowsMax)}`,
    rowsMax,
    params: params.list,
    groupsAllSeries: selection === 'all' && hasTexts,
    numbersOf: (rows) => new Set(hasTexts ? (rows as readonly Row[]).map(([, number]) => number) : []),
    read(rows, textsOf) {
      const groups = new Map<string, Group>()
      for (const [bucket, number, ...sums] of rows as readonly Row[]) {
        const texts = hasTexts ? textsOf(number) : []
        const begin = buckets ? Number(bucket) : query.begin
        const key = keyOf(begin, texts)
        const group = groups.get(key)
        if (!group) groups.set(key, { begin, texts, sums: sums.map((sum) => sum ?? 0n) })
        else sums.forEach((sum, i) => (group.sums[i]! += sum ?? 0n))
      }
      // Without groups a sum over nothing is a row like any other.
      const found = [...groups.values()].filter(({ sums }) => keys.length > 0 || sums[at.get('points')!] !== 0n)
      const { offset, limit } = query
      const page = found
        .sort((a, b) => compareTextLists(a.texts, b.texts) || a.begin - b.begin)
        .slice(offset, limit === undefined ? undefined : offset + limit)
      return {
        total: found.length,
        rows: page.map(({ begin, texts, sums }) =>
          totalRow(query, begin, texts, (value) => readValue(value, (name) => sums[at.get(name) ?? -1])),
        ),
      }
    },
  }
}

type Row = readonly [bucket: bigint, number: number, ...sums: (bigint | null)[]]

interface Group {
  readonly begin: number
  readonly texts: readonly string[]
  readonly sums: bigint[]
}

/** Different for different groups, whatever is in the texts. */
function keyOf(begin: number, texts: readonly string[]): string {
  return texts.reduce((key, text) => `${key},${text.length}:${text}`, String(begin))
}
