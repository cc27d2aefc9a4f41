import { randomUUID } from 'node:crypto'
import { createClient } from '@clickhouse/client'
import type { PointStore } from '../../point-store.ts'
import { openTestClickHouse } from '../../testing/test-clickhouse.ts'
import type { ClickHouseOptions } from '../clickhouse-database.ts'
import { openClickHouseStore } from '../open-clickhouse-store.ts'
import { recycling } from './recycling.ts'

/** Stores on one server, each in a database of its own that goes with the store. */
export interface WireStores extends AsyncDisposable {
  readonly url: string
  open(options?: Partial<ClickHouseOptions>): Promise<PointStore>
  /** As `open`, in a database that another store may have used before. */
  recycled(): Promise<PointStore>
}

/** The server at `CLICKHOUSE_URL`, or else one that is started and ends with this. */
export async function wireStores(): Promise<WireStores> {
  const server = await openTestClickHouse()
  const admin = createClient({ url: server.url })
  const openIn = (database: string, options?: Partial<ClickHouseOptions>) =>
    openClickHouseStore({ url: server.url, username: 'default', password: '', ...options, database })
  const stores = recycling(openIn, (table) => admin.command({ query: `TRUNCATE TABLE ${table}` }))
  return {
    recycled: () => stores.open(),
    url: server.url,
    async open(options) {
      const database = options?.database ?? `cloudtabby_test_${randomUUID().replaceAll('-', '')}`
      const store = await openIn(database, options)
      const close = store[Symbol.asyncDispose].bind(store)
      store[Symbol.asyncDispose] = async () => {
        await close()
        await admin.command({ query: `DROP DATABASE IF EXISTS ${database} SYNC` })
      }
      return store
    },
    async [Symbol.asyncDispose]() {
      await admin.close()
      await server[Symbol.asyncDispose]()
    },
  }
}
