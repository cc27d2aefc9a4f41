import type { Series } from '../../domain/series.ts'
import type { Snapshot } from '../../domain/snapshot.ts'
import { compareTexts } from '../../lib/compare-texts.ts'
import { isCalendar, type Total, type TotalQuery, type ValueFunction } from '../point-store.ts'
import { seriesText } from '../series-identity.ts'
import { groupNames, totalRow } from '../total-row.ts'
import { Params, type Statement } from './statement.ts'
import type { Rest } from './stored-value.ts'
import { readValue, summedSql, toPartials } from './summed-points.ts'
import { bucketBegin, bucketSql, visiblePoints, whereOf } from './visible-sql.ts'
import type { WantedSeries } from './wanted-series.ts'

/** Rows that are grouped here rather than by DuckDB: some 10 ms of this thread's time. */
export const MOST_SUMS = 5_000

/** The points' sums by series and time bucket, and how to make groups of them. */
export interface FewSums extends Statement {
  /** Numbers of the series in the rows; none where their texts do not matter. */
  seriesOf(rows: Rows): ReadonlySet<number>
  read(rows: Rows, series: ReadonlyMap<number, Series>): Total
}

type Rows = readonly (readonly unknown[])[]

/**
 * Whether a question can be answered by `fewSums`, when there are so many series at most. A tenant's question needs few
 * sums: to group them in DuckDB takes longer than to add them up, for the joins with the attributes, the ordering and the
 * page; here it takes next to nothing.
 */
export function areFew({ begin, end, groupby, values }: TotalQuery, series: number, most: number): boolean {
  const names = groupNames(groupby)
  const time = groupby.find((grouping) => grouping.by === 'time')
  const buckets = time ? Math.ceil((end - begin) / time.seconds) + 1 : 1
  const sums = names.length > 0 ? series * buckets : buckets
  return sums <= most && !names.some(isCalendar) && values.every((value) => ADDED_UP.includes(value.function))
}

/** What is computed by adding up. */
const ADDED_UP: readonly ValueFunction[] = ['sum', 'count', 'mean']

/** The statement, and what to do with its rows; `totalSql` is the other way to the same answer. */
export function fewSums(query: TotalQuery, snapshot: Snapshot, widest: Rest, wanted: WantedSeries | 'all'): FewSums {
  const names = groupNames(query.groupby)
  const time = query.groupby.find((grouping) => grouping.by === 'time')
  const bySeries = names.length > 0
  const params = new Params()
  const visible = visiblePoints(query, snapshot, params, wanted)
  const keys = [
    ...(time ? [`${bucketSql(time.seconds, params)} AS bucket`] : []),
    ...(bySeries ? ['p.series AS series'] : []),
  ]
  const partials = toPartials(query.values, widest, keys.length === 0)
  const summed = summedSql(keys, partials, visible.from, whereOf(visible))
  const ctes = [...visible.ctes, `summed AS (${summed})`].join(', ')
  const columns = [time ? 'bucket' : 'NULL', bySeries ? 'series' : 'NULL', ...partials.map(({ name }) => name)]
  const at = new Map(partials.map(({ name }, i) => [name, i]))

  return {
    sql: `WITH ${ctes} SELECT ${columns.join(', ')} FROM summed`,
    params: params.list,
    groupsAllSeries: wanted === 'all' && bySeries,
    seriesOf: (rows) => new Set(bySeries ? (rows as readonly Row[]).map(([, series]) => series) : []),
    read(rows, series) {
      const groups = new Map<string, Group>()
      for (const [bucket, number, ...sums] of rows as readonly Row[]) {
        const texts = names.map((name) => seriesText(series.get(number)!, name))
        const begin = time ? bucketBegin(bucket, time.seconds) : query.begin
        const key = keyOf(begin, texts)
        const group = groups.get(key)
        if (!group) groups.set(key, { begin, texts, sums: sums.map((sum) => sum ?? 0n) })
        else sums.forEach((sum, i) => (group.sums[i]! += sum ?? 0n))
      }
      // Without groups a sum over nothing is a row like any other.
      const found = [...groups.values()].filter(({ sums }) => keys.length > 0 || sums[at.get('points')!] !== 0n)
      const { offset, limit } = query
      const page = found.sort(byTextsAndTime).slice(offset, limit === undefined ? undefined : offset + limit)
      return {
        total: found.length,
        rows: page.map(({ begin, texts, sums }) =>
          totalRow(query, begin, texts, (value) => readValue(value, (name) => sums[at.get(name) ?? -1])),
        ),
      }
    },
  }
}

type Row = readonly [bucket: bigint, series: number, ...sums: (bigint | null)[]]

interface Group {
  readonly begin: number
  readonly texts: readonly string[]
  readonly sums: bigint[]
}

/** Different for different groups, whatever is in the texts. */
function keyOf(begin: number, texts: readonly string[]): string {
  return texts.reduce((key, text) => `${key},${text.length}:${text}`, String(begin))
}

function byTextsAndTime(a: Group, b: Group): number {
  for (const [i, text] of a.texts.entries()) {
    const order = compareTexts(text, b.texts[i]!)
    if (order !== 0) return order
  }
  return a.begin - b.begin
}
