import { expect, test } from 'vitest'
import { deleteBatchesSql, deleteTombstonesSql } from './delete-sql.ts'

test('batches go from both tables, within their bounds', () => {
  expect(deleteBatchesSql([7, 3])).toEqual(
    ['points', 'samples'].map((table) => ({
      sql: `DELETE FROM ${table} WHERE batch >= $1 AND batch <= $2
  AND list_contains($3, batch)`,
      params: [3, 7, { integers: [7, 3] }],
    })),
  )
})

test('tombstones go by scope, range and batch', () => {
  const made = deleteTombstonesSql([
    { scopeId: 'alpha', begin: 100, end: 200, upTo: 5 },
    { scopeId: 'beta', begin: 50, end: undefined, upTo: 9 },
  ])
  expect(made.sql).toMatch(
    /DELETE FROM points WHERE rowid IN \(\s+SELECT p\.rowid FROM points p JOIN buried v ON \(p\.scope = v\.scope AND p\.begin_at >= v\.begin_at AND p\.begin_at < v\.end_at AND p\.batch <= v\.up_to\) WHERE p\.begin_at >= \$5 AND p\.batch <= \$6\)$/,
  )
  expect(made.params).toEqual([
    { texts: ['alpha', 'beta'] },
    { integers: [100, 50] },
    { integers: [200, Number.MAX_SAFE_INTEGER] },
    { integers: [5, 9] },
    50,
    9,
  ])
})
