import { tries } from '../../lib/testing/tries.ts'
import { pointStoreContract } from '../point-store-contract.ts'
import { openChdbStore } from './testing/open-chdb-store.ts'

pointStoreContract('ClickHouse in-process', openChdbStore, tries(4, 10))
