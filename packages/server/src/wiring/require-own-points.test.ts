import { describe } from 'vitest'
import { openTestState } from '../state/testing/open-test-state.ts'
import { openDuckDBStore } from '../storage/duckdb/open-duckdb-store.ts'
import { ownPointsContract } from './require-own-points-contract.ts'

describe('with embedded stores', () => {
  ownPointsContract(async () => {
    const state = await openTestState()
    const store = await openDuckDBStore({ path: ':memory:' })
    return {
      state,
      others: [],
      store,
      async [Symbol.asyncDispose]() {
        await store[Symbol.asyncDispose]()
        await state[Symbol.asyncDispose]()
      },
    }
  })
})
