import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { expect, test } from 'vitest'
import { EVERYTHING, HOUR, JUNE, point, query, series, table } from '../testing/points.ts'
import { openDuckDBStore } from './open-duckdb-store.ts'

test('points that came hour by hour lie scope by scope, run after run, also after another start', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'order-points-'))
  const path = join(folder, 'points.duckdb')
  try {
    const scopes = ['alpha', 'beta', 'gamma']
    const of = scopes.map((scopeId) => series({ scopeId }))
    let hour = 0
    const writeHours = async (hours: number) => {
      await using store = await openDuckDBStore({ path, runPoints: 12 })
      for (const end = hour + hours; hour < end; hour++) {
        const begin = JUNE + hour * HOUR
        await store.write(
          hour + 1,
          of.map((each, i) => point(each, { begin, price: `${i}.5` })),
        )
      }
      return table(await store.total(query({ groupby: [{ by: 'attribute', name: 'project_id' }] }), EVERYTHING))
    }
    await writeHours(3)
    const total = await writeHours(6)
    expect(total).toEqual([
      ['alpha', '9', '4.5'],
      ['beta', '9', '13.5'],
      ['gamma', '9', '22.5'],
    ])

    const instance = await DuckDBInstance.create(path)
    const connection = await instance.connect()
    const rows = await connection.runAndReadAll(
      'SELECT scope_id, (begin_at - $1) // 3600 FROM points JOIN series ON number = points.series ORDER BY points.rowid',
      [BigInt(JUNE)],
    )
    const lying = rows.getRows().map(([scope, hours]) => `${String(scope)} ${String(hours)}`)
    connection.closeSync()
    instance.closeSync()
    const run = (hours: number[]) => scopes.flatMap((scope) => hours.map((each) => `${scope} ${each}`))
    expect(lying).toEqual([...run([0, 1, 2, 3]), ...run([4, 5, 6, 7]), ...run([8])])
  } finally {
    await rm(folder, { recursive: true })
  }
})
