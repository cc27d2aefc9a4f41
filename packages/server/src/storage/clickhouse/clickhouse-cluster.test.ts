import { pointStoreContract } from '../point-store-contract.ts'
import { openChdbClusterStore } from './testing/open-chdb-cluster-store.ts'

pointStoreContract('ClickHouse as a cluster of one', openChdbClusterStore, { runs: 10 })
