import fc from 'fast-check'
import { expect, test } from 'vitest'
import { tries } from '../../lib/testing/tries.ts'
import { pointStoreContract } from '../point-store-contract.ts'
import { DAY, EVERYTHING, point, query, series } from '../testing/points.ts'
import { expectAlike, history } from '../testing/random-history.ts'
import type { StoreOptions } from './store-options.ts'
import { openDuckDBStore } from './open-duckdb-store.ts'

// So few points are a run that they are put in order again and again, and so few series are few that scopes are tried.
const open = (options: StoreOptions = {}) =>
  openDuckDBStore({ path: ':memory:', threads: 1, runPoints: 20, scopesAbove: 2, ...options })

pointStoreContract('DuckDB', () => open(), tries(20, 60))

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
