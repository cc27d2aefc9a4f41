import { afterAll, beforeAll, describe } from 'vitest'
import { Disposer } from '../lib/disposer.ts'
import { emptyState } from '../processor/testing/processor-bench.ts'
import type { State } from '../state/database.ts'
import { openPostgres } from '../state/postgres/open-postgres.ts'
import { createTestDatabase, hasPostgres } from '../state/testing/open-test-postgres.ts'
import { openChdbStore } from '../storage/clickhouse/testing/open-chdb-store.ts'
import { whyNoChdb } from '../storage/testing/chdb.ts'
import { ownPointsContract } from './require-own-points-contract.ts'

const missing = (await hasPostgres()) ? whyNoChdb() : 'no PostgreSQL here'

describe.skipIf(missing !== undefined)(`on PostgreSQL and ClickHouse${missing ? ` (skipped: ${missing})` : ''}`, () => {
  const owned = new Disposer()
  /** As many processes. */
  let pools: State[]
  beforeAll(async () => {
    const { url, drop } = await createTestDatabase()
    owned.defer(drop)
    pools = await Promise.all([1, 2, 3].map(() => openPostgres({ url, poolSize: 4 })))
    for (const pool of pools) owned.use(pool)
  })
  afterAll(() => owned[Symbol.asyncDispose]())

  ownPointsContract(async () => {
    const [state, ...others] = pools as [State, ...State[]]
    await emptyState(state.db)
    const store = await openChdbStore()
    return {
      state,
      others: others.map(({ db }) => db),
      store,
      [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
    }
  })
})
