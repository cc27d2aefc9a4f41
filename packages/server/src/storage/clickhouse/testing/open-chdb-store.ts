import { randomUUID } from 'node:crypto'
import type { PointStore } from '../../point-store.ts'
import { loadChdb } from '../../testing/chdb.ts'
import { openClickHouseStore } from '../open-clickhouse-store.ts'
import { connectChdb } from './connect-chdb.ts'
import { type Recycled, recycling } from './recycling.ts'

function start(): Recycled {
  const chdb = loadChdb()
  // Keeps the engine's folder, which goes with its last connection.
  const root = connectChdb(chdb, ':memory:')
  return recycling(
    (database) =>
      openClickHouseStore({
        url: 'http://chdb',
        database,
        username: 'default',
        password: '',
        connection: connectChdb(chdb, ':memory:'),
      }),
    (table) => root.command({ query: `TRUNCATE TABLE ${table}`, query_id: randomUUID() }),
  )
}

let stores: Recycled | undefined

/** An empty store on ClickHouse's engine in this process, by chdb. */
export function openChdbStore(): Promise<PointStore> {
  stores ??= start()
  return stores.open()
}
