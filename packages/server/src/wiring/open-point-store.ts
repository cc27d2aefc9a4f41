import type { Logger } from 'pino'
import type { Options } from '../config/options.ts'
import { Fault } from '../lib/fault.ts'
import type { PointStore } from '../storage/point-store.ts'

/** Opens what `[storage] backend` names. */
export async function openPointStore(options: Options, _log: Logger): Promise<PointStore> {
  switch (options.storage.backend) {
    case 'duckdb': {
      const { openDuckDBStore } = await import('../storage/duckdb/open-duckdb-store.ts')
      return openDuckDBStore({ path: options.storage_duckdb.path })
    }
    case 'clickhouse':
      throw new Fault('config.invalid', '[storage] backend = clickhouse is not part of this version: write duckdb', {})
  }
}
