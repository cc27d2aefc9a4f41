import { afterAll, describe } from 'vitest'
import { tries } from '../../lib/testing/tries.ts'
import { pointStoreContract } from '../point-store-contract.ts'
import { type WireStores, wireStores } from './testing/wire-stores.ts'

/** In-process the contract runs always; faults.clickhouse.test.ts has what the wire adds. */
const isWanted = Boolean(process.env['CLICKHOUSE_URL']) || process.env['REQUIRE_SERVICES'] === '1'

let stores: Promise<WireStores> | undefined
afterAll(async () => (await stores)?.[Symbol.asyncDispose]())

describe.skipIf(!isWanted)('at CLICKHOUSE_URL', () => {
  pointStoreContract('ClickHouse on the wire', async () => (await (stores ??= wireStores())).recycled(), tries(4, 10))
})
