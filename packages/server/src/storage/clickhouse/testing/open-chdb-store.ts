import { createChdbConnection } from 'chdb/connection'
import type { PointStore } from '../../point-store.ts'
import { openClickHouseStore } from '../open-clickhouse-store.ts'
import { recycling } from './recycling.ts'

/** Keeps the engine's folder, which goes with its last connection. */
const root = createChdbConnection({ path: ':memory:' })

const stores = recycling(
  (database) =>
    openClickHouseStore({
      url: 'http://chdb',
      database,
      username: 'default',
      password: '',
      connection: createChdbConnection({ path: ':memory:' }) as never,
    }),
  (table) => root.command({ query: `TRUNCATE TABLE ${table}` }),
)

/** An empty store on ClickHouse's engine in this process, by chdb. */
export function openChdbStore(): Promise<PointStore> {
  return stores.open()
}
