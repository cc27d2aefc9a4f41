import { describe } from 'vitest'
import { tries } from '../../lib/testing/tries.ts'
import { pointStoreContract } from '../point-store-contract.ts'
import { whyNoChdb } from '../testing/chdb.ts'
import { openChdbStore } from './testing/open-chdb-store.ts'

const missing = whyNoChdb()

describe.skipIf(missing !== undefined)(`on one server${missing ? ` (skipped: ${missing})` : ''}`, () => {
  pointStoreContract('ClickHouse in-process', openChdbStore, tries(4, 10))
})
