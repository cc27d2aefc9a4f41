import type { Options } from '../config/options.ts'
import { Fault } from '../lib/fault.ts'
import type { PointStore } from '../storage/point-store.ts'

/** Opens what `[storage] backend` names. */
export async function openPointStore(options: Options): Promise<PointStore> {
  if (options.storage.backend === 'clickhouse') {
    throw new Fault('config.invalid', '[storage] backend = clickhouse is not part of this version yet: write duckdb')
  }
  const { openDuckDBStore } = await import('../storage/duckdb/open-duckdb-store.ts')
  return openDuckDBStore({ path: options.storage_duckdb.path })
}
