import { createChdbConnection } from 'chdb/connection'
import type { PointStore } from '../../point-store.ts'
import { openClickHouseStore } from '../open-clickhouse-store.ts'
import { quoteIdentifier } from '../tables.ts'

let opened = 0

/** A new, empty store on ClickHouse's engine in this process, by chdb. Its database goes when it is closed. */
export async function openChdbStore(): Promise<PointStore> {
  const connection = createChdbConnection({ path: ':memory:' })
  const database = `contract ${++opened}`
  const store = await openClickHouseStore({
    url: 'http://chdb',
    database,
    username: 'default',
    password: '',
    cluster: undefined,
    connection: connection as never,
  })
  const close = store[Symbol.asyncDispose].bind(store)
  store[Symbol.asyncDispose] = async () => {
    await connection.command({ query: `DROP DATABASE IF EXISTS ${quoteIdentifier(database)} SYNC` })
    await close()
  }
  return store
}
