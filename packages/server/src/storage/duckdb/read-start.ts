import type { DuckDBDatabase } from './duckdb-database.ts'
import type { StoreOptions, StoreStart } from './store-options.ts'
import type { Rest } from './stored-value.ts'

/** What a store has to know of its file before it writes to it or reads from it. */
export async function readStart(database: DuckDBDatabase): Promise<Omit<StoreStart, keyof StoreOptions>> {
  const [row] = await database.select({
    sql: `SELECT (SELECT coalesce(max(number), 0) + 1 FROM series), (SELECT coalesce(max(number), 0) + 1 FROM rule_sets),
        (SELECT coalesce(max(number), 0) + 1 FROM sample_series), (SELECT coalesce(max(rest), 0) FROM points),
        (SELECT count(*) FROM points),
        count(*), coalesce(max(batch), 0) FROM points WHERE batch > (SELECT up_to FROM points_in_order)`,
    params: [],
  })
  const [series, ruleSets, sampleSeries, widest, points, ...open] = row as [
    ...[series: number, ruleSets: number, sampleSeries: number],
    ...[widest: Rest, points: bigint, unordered: bigint, last: bigint],
  ]
  const unordered = { points: Number(open[0]), last: Number(open[1]) }
  return { series, ruleSets, sampleSeries, widest, points: Number(points), unordered }
}
