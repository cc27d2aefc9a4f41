import { pointStoreContract } from '../point-store-contract.ts'
import { openDuckDBStore } from './open-duckdb-store.ts'

pointStoreContract('DuckDB', () => openDuckDBStore({ path: ':memory:', threads: 1 }))
