import { afterAll } from 'vitest'
import { pointStoreContract } from '../point-store-contract.ts'
import { wireStores } from './testing/wire-stores.ts'

const stores = await wireStores()
afterAll(() => stores[Symbol.asyncDispose]())

pointStoreContract('ClickHouse on the wire', () => stores.recycled(), { runs: 10 })
