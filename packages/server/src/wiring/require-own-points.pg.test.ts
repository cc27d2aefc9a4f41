import { afterAll, beforeAll, describe } from 'vitest'
import { emptyState } from '../processor/testing/processor-bench.ts'
import type { State } from '../state/database.ts'
import { hasPostgres, openTestPools } from '../state/testing/open-test-postgres.ts'
import { openChdbStore } from '../storage/clickhouse/testing/open-chdb-store.ts'
import { whyNoChdb } from '../storage/testing/chdb.ts'
import { ownPointsContract } from './require-own-points-contract.ts'

const missing = (await hasPostgres()) ? whyNoChdb() : 'no PostgreSQL here'

describe.skipIf(missing !== undefined)(`on PostgreSQL and ClickHouse${missing ? ` (skipped: ${missing})` : ''}`, () => {
  let opened: Awaited<ReturnType<typeof openTestPools>>
  let pools: readonly State[]
  beforeAll(async () => {
    opened = await openTestPools(3)
    pools = opened.pools
  })
  afterAll(() => opened[Symbol.asyncDispose]())

  ownPointsContract(async () => {
    const [state, ...others] = pools as readonly [State, ...State[]]
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
