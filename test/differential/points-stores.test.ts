import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { tries } from '../../packages/server/src/lib/testing/tries.ts'
import { openChdbStore } from '../../packages/server/src/storage/clickhouse/testing/open-chdb-store.ts'
import { openDuckDBStore } from '../../packages/server/src/storage/duckdb/open-duckdb-store.ts'
import { whyNoChdb } from '../../packages/server/src/storage/testing/chdb.ts'
import { EVERYTHING, point, query, series } from '../../packages/server/src/storage/testing/points.ts'
import { expectAlike, history } from '../../packages/server/src/storage/testing/random-history.ts'

const missing = whyNoChdb()

describe.skipIf(missing !== undefined)(`both engines${missing ? ` (skipped: ${missing})` : ''}`, () => {
  test('DuckDB and ClickHouse answer alike, to the last digit', async () => {
    await fc.assert(
      fc.asyncProperty(history, async (steps) => {
        await using duckdb = await openDuckDBStore({ path: ':memory:', threads: 1 })
        await using clickhouse = await openChdbStore()
        await expectAlike(steps, clickhouse, duckdb)
      }),
      // A failure names its seed and path: put them here to play it again.
      { numRuns: tries(10, 80) },
    )
  })

  test('halves of surrogate pairs are kept alike', async () => {
    await using duckdb = await openDuckDBStore({ path: ':memory:', threads: 1 })
    await using clickhouse = await openChdbStore()
    const odd = series({ type: 'half \ud83d', scopeId: '\ude00', groupby: { id: 'x\udc00y', '\ud800': 'z' } })
    const groupby = [{ by: 'type' } as const, { by: 'attribute', name: 'id' } as const]
    const answers = await Promise.all(
      [duckdb, clickhouse].map(async (store) => {
        await store.write(1, [point(odd)])
        await store.write(2, [point({ ...odd, groupby: { ...odd.groupby } })])
        const { rows } = await store.total(query({ groupby }), EVERYTHING)
        const { points } = await store.retrieve(query(), EVERYTHING)
        return { groups: rows.map(({ groups }) => groups), series: points.map((each) => each.series) }
      }),
    )
    expect(answers[1]).toEqual(answers[0])
    expect(answers[1]!.series).toHaveLength(2)
  })
})
