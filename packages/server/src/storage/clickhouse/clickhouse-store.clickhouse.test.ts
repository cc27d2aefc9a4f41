import { randomUUID } from 'node:crypto'
import { createClient } from '@clickhouse/client'
import { afterAll } from 'vitest'
import { pointStoreContract } from '../point-store-contract.ts'
import type { PointStore } from '../point-store.ts'
import { openTestClickHouse } from '../testing/test-clickhouse.ts'
import { openClickHouseStore } from './open-clickhouse-store.ts'

/** One server for the file; each store has a database of its own on it. */
const server = await openTestClickHouse()
const admin = createClient({ url: server.url })

afterAll(async () => {
  await admin.close()
  await server[Symbol.asyncDispose]()
})

async function open(): Promise<PointStore> {
  const database = `cloudtabby_test_${randomUUID().replaceAll('-', '')}`
  const store = await openClickHouseStore({
    url: server.url,
    database,
    username: 'default',
    password: '',
    cluster: undefined,
  })
  const close = store[Symbol.asyncDispose].bind(store)
  store[Symbol.asyncDispose] = async () => {
    await close()
    await admin.command({ query: `DROP DATABASE IF EXISTS ${database} SYNC` })
  }
  return store
}

pointStoreContract('ClickHouse on the wire', open)
