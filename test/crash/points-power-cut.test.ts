import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { powerCutDisk } from '../../packages/server/src/lib/testing/power-cut-disk.ts'
import { tries } from '../../packages/server/src/lib/testing/tries.ts'
import { openDuckDBStore } from '../../packages/server/src/storage/duckdb/open-duckdb-store.ts'
import { acknowledgedUntilKilled } from './acknowledged-until-killed.ts'

const BUILT = resolve(import.meta.dirname, '../../packages/server/dist')
const POINTS = 20_000
/**
 * Writes one batch after another, and says each when it was acknowledged. No compression shortens the quantities: the log is
 * folded into the file every ten batches or so.
 */
const WRITE = `
  import { openDuckDBStore } from ${JSON.stringify(join(BUILT, 'storage/duckdb/open-duckdb-store.js'))}
  import { toSeries } from ${JSON.stringify(join(BUILT, 'domain/series.js'))}
  import { Decimal } from ${JSON.stringify(join(BUILT, 'domain/decimal.js'))}
  const store = await openDuckDBStore({ path: process.argv[1] })
  const random = () => BigInt(Math.floor(Math.random() * 2 ** 53))
  for (let batch = Number(process.argv[2]); ; batch++) {
    const series = toSeries({ scopeId: 'a', type: 't', unit: 'u', groupby: { id: String(batch) }, metadata: {} })
    const points = Array.from({ length: ${POINTS} }, (_, begin) => ({
      series, begin, end: begin + 1, quantity: new Decimal(random() * random(), 18), price: new Decimal(random(), 18), rules: [],
    }))
    await store.write(batch, points)
    process.stdout.write(batch + '\\n')
  }`

test('points that were acknowledged are there after the power was cut, whether or not the log was just folded into the file', async ({
  skip,
}) => {
  await using disk = (await powerCutDisk(1024)) ?? skip('a disk whose power can be cut takes root')
  const path = join(disk.folder, 'data', 'points.duckdb')
  let newest = 0
  for (let cut = 0; cut < tries(3, 20); cut++) {
    newest = await acknowledgedUntilKilled(WRITE, path, { from: newest + 1, to: newest + 1 + ((cut * 7) % 15) })
    await disk.cut()
    await using store = await openDuckDBStore({ path })
    for (let batch = 1; batch <= newest; batch++) {
      expect({ batch, ...(await store.count(batch)) }).toEqual({ batch, points: POINTS, samples: 0 })
    }
    // The one that was not acknowledged yet may be there, but not in part.
    const { points } = await store.count(newest + 1)
    expect([0, POINTS]).toContain(points)
    expect(await store.highestBatch()).toBe(points === 0 ? newest : newest + 1)
    if (points > 0) newest++
  }
})
