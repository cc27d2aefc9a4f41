import { pointStoreContract } from '../point-store-contract.ts'
import { openChdbStore } from './testing/open-chdb-store.ts'

pointStoreContract('ClickHouse in-process', openChdbStore, { runs: 10 })
