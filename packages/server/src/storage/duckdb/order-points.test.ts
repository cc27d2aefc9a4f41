import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { expect, test } from 'vitest'
import { EVERYTHING, HOUR, JUNE, point, query, series, table } from '../testing/points.ts'
import { openDuckDBStore } from './open-duckdb-store.ts'
import { UPGRADES } from './schema.ts'

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

test('a file of before points had scopes gets them', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'order-points-'))
  const path = join(folder, 'points.duckdb')
  try {
    const instance = await DuckDBInstance.create(path)
    const connection = await instance.connect()
    await connection.run('CREATE TABLE schema_version (version INTEGER)')
    for (const statement of UPGRADES[0]!) await connection.run(statement)
    await connection.run('INSERT INTO schema_version VALUES (1)')
    for (const [number, scope] of ['alpha', 'beta', 'alpha'].entries()) {
      const series = [number + 1, BigInt(number), scope, `type-${number}`]
      await connection.run("INSERT INTO series VALUES ($1, $2, $3, $4, '', '{}', '{}')", series)
      await connection.run('INSERT INTO points VALUES (1, $1, $2, $3, 0, 0, 1000000000, 500000000, 0, 0, 0, 0)', [
        BigInt(JUNE),
        BigInt(JUNE + HOUR),
        number + 1,
      ])
    }
    connection.closeSync()
    instance.closeSync()

    await using store = await openDuckDBStore({ path })
    await store.write(2, [point(series({ scopeId: 'beta', type: 'type-9' }))])
    const { points } = await store.retrieve(query(), EVERYTHING)
    expect(points.map((each) => `${each.series.scopeId} ${each.series.type}`)).toEqual([
      'alpha type-0',
      'beta type-1',
      'alpha type-2',
      'beta type-9',
    ])
    const of = { attributes: new Map([['type', ['type-0', 'type-2']]]), groupby: [{ by: 'type' }] as const }
    expect(table(await store.total(query(of), EVERYTHING))).toEqual([
      ['type-0', '1', '0.5'],
      ['type-2', '1', '0.5'],
    ])
  } finally {
    await rm(folder, { recursive: true })
  }
})
