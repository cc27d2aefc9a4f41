import type { Options } from '../config/options.ts'
import type { StoreEvents } from '../storage/events.ts'
import type { PointStore } from '../storage/point-store.ts'

/** Opens what `[storage] backend` names. */
export async function openPointStore(options: Options, events: StoreEvents): Promise<PointStore> {
  if (options.storage.backend === 'clickhouse') {
    const { openClickHouseStore } = await import('../storage/clickhouse/open-clickhouse-store.ts')
    return openClickHouseStore(options.storage_clickhouse)
  }
  const { openDuckDBStore } = await import('../storage/duckdb/open-duckdb-store.ts')
  return openDuckDBStore({ path: options.storage_duckdb.path, events })
}
