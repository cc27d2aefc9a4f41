import { openDuckDBStore } from '../duckdb/open-duckdb-store.ts'
import { openChdbStore } from '../clickhouse/testing/open-chdb-store.ts'
import type { PointStore } from '../point-store.ts'

/**
 * An empty points store for a suite that does not care which: DuckDB in memory, or with `TEST_STORES=servers` ClickHouse's
 * engine. `openTestState` goes by the same variable, so that the suites run on both pairs of stores.
 */
export async function openTestStore(): Promise<PointStore> {
  if (process.env['TEST_STORES'] !== 'servers') return openDuckDBStore({ path: ':memory:' })
  return openChdbStore()
}
