import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { temporaryFolder } from '../../lib/testing/temporary-folder.ts'
import { tries } from '../../lib/testing/tries.ts'
import { interruptionContract, pointStoreContract, weighingContract } from '../point-store-contract.ts'
import { DAY, EVERYTHING, point, query, series } from '../testing/points.ts'
import { expectAlike, history } from '../testing/random-history.ts'
import { BY_ATTRIBUTE, type EndlessStore } from '../testing/endless.ts'
import type { StoreOptions } from './store-options.ts'
import { openDuckDBStore } from './open-duckdb-store.ts'
import { DuckDBDatabase } from './duckdb-database.ts'

// So few points are a run that they are put in order again and again, and so few series are few that scopes are tried.
const open = (options: StoreOptions = {}) =>
  openDuckDBStore({ path: ':memory:', threads: 1, runPoints: 20, scopesAbove: 2, ...options })

pointStoreContract('DuckDB', () => open(), tries(20, 60))

weighingContract('DuckDB', () => open())

interruptionContract('DuckDB', async (): Promise<EndlessStore> => {
  const folder = await temporaryFolder()
  const path = join(folder.path, 'points.duckdb')
  {
    await using store = await openDuckDBStore({ path })
    await store.write(1, [point(series())])
  }
  const instance = await DuckDBInstance.create(path)
  const connection = await instance.connect()
  await connection.run(`ALTER TABLE attributes RENAME TO kept; CREATE VIEW attributes AS FROM kept
    UNION ALL SELECT range, 'id', range::VARCHAR FROM range(9000000000000000000) WHERE hash(range) = 0`)
  connection.closeSync()
  instance.closeSync()
  // DuckDB has no list of what it is at work on: of each statement this is known when it has begun, and when it has ended.
  let working = 0
  // oxlint-disable-next-line typescript/unbound-method -- it is applied to its own `this`
  const select = DuckDBDatabase.prototype.select
  const spy = vi.spyOn(DuckDBDatabase.prototype, 'select').mockImplementation(async function (
    this: DuckDBDatabase,
    ...args
  ) {
    working++
    return select.apply(this, args).finally(() => working--)
  })
  const store = await openDuckDBStore({ path, threads: 1 })
  return {
    store,
    sought: BY_ATTRIBUTE,
    working: async () => working,
    async [Symbol.asyncDispose]() {
      spy.mockRestore()
      await store[Symbol.asyncDispose]()
      await folder[Symbol.asyncDispose]()
    },
  }
})

test('sums that are grouped here and those that DuckDB groups are the same', async () => {
  await fc.assert(
    fc.asyncProperty(history, async (steps) => {
      await using here = await open()
      await using byDuckDB = await open({ mostSums: 0 })
      await expectAlike(steps, here, byDuckDB)
    }),
    { numRuns: tries(10, 20) },
  )
})

test.each([0, 15, 16, 1000])('whether %i sums at most are grouped here makes no difference', async (mostSums) => {
  await using store = await open({ mostSums })
  const alpha = series({ metadata: { flavor: 'small' } })
  const beta = series({ scopeId: 'beta', groupby: { id: 'vm-2', project_id: 'beta' } })
  for (const day of [0, 1, 2]) {
    await store.write(1 + day, [
      point(alpha, { begin: query().begin + day * DAY, quantity: '0.000000000000000001', price: '99999999999999' }),
      point(beta, { begin: query().begin + day * DAY, price: '-0.5' }),
    ])
  }
  const asked = query({
    end: query().begin + 7 * DAY,
    groupby: [{ by: 'attribute', name: 'flavor' }],
    buckets: { seconds: DAY, origin: 0 },
    values: (['sum', 'mean', 'count'] as const).map((name) => ({ function: name, column: 'price', alias: name })),
    offset: 2,
    limit: 3,
  })
  const { total, rows } = await store.total(asked, EVERYTHING)
  expect(total).toBe(6)
  expect(
    rows.map(({ begin, groups, values }) => [(begin - asked.begin) / DAY, groups[0], ...values.map(String)]),
  ).toEqual([
    [2, '', '-0.5', '-0.5', '1'],
    [0, 'small', '99999999999999', '99999999999999', '1'],
    [1, 'small', '99999999999999', '99999999999999', '1'],
  ])
})
