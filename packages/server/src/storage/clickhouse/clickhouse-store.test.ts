import { describe } from 'vitest'
import { tries } from '../../lib/testing/tries.ts'
import { interruptionContract, pointStoreContract, weighingContract } from '../point-store-contract.ts'
import { loadChdb, whyNoChdb } from '../testing/chdb.ts'
import { connectChdb } from './testing/connect-chdb.ts'
import { makeEndless } from './testing/make-endless.ts'
import { openChdbStore } from './testing/open-chdb-store.ts'

const missing = whyNoChdb()

describe.skipIf(missing !== undefined)(`on one server${missing ? ` (skipped: ${missing})` : ''}`, () => {
  pointStoreContract('ClickHouse in-process', openChdbStore, tries(4, 10))
  weighingContract('ClickHouse in-process', openChdbStore)
  interruptionContract('ClickHouse in-process', () =>
    makeEndless('attributes', () => ({ url: 'http://chdb', connection: connectChdb(loadChdb(), ':memory:') })),
  )
})
