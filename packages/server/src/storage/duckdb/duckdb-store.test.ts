import { pointStoreContract } from '../point-store-contract.ts'
import { openDuckDBStore } from './open-duckdb-store.ts'

// So few points are a run that they are put in order again and again.
pointStoreContract('DuckDB', () => openDuckDBStore({ path: ':memory:', threads: 1, runPoints: 20 }))
