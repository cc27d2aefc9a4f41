import { expect, test } from 'vitest'
import { DuckDBDatabase } from './duckdb-database.ts'
import { UPGRADES } from './schema.ts'
import type { Statement } from './statement.ts'
import { type SeriesSelection, SeriesSelector } from './series-selection.ts'

/** Two projects of so many series each; ids beginning with the project's letter, and a flavor that both have. */
const SERIES = 3000

async function openCloud(): Promise<DuckDBDatabase> {
  const database = await DuckDBDatabase.open({ path: ':memory:', threads: 1 })
  await database.change({
    async work(connection) {
      for (const statement of UPGRADES.flat()) await connection.run(statement)
      await connection.run(`INSERT INTO series (number, id, scope, scope_id, type)
      SELECT n, n, CASE WHEN n <= ${SERIES} THEN 1 ELSE ${SERIES + 1} END, CASE WHEN n <= ${SERIES} THEN 'a' ELSE 'b' END,
        CASE WHEN n % 2 = 0 THEN 'volume' ELSE 'instance' END FROM range(1, ${2 * SERIES + 1}) r(n)`)
      for (const [name, value] of [
        ['id', `CASE WHEN n <= ${SERIES} THEN 'a' ELSE 'b' END || n`],
        ['project_id', `CASE WHEN n <= ${SERIES} THEN 'a' ELSE 'b' END`],
        ['flavor', `CASE WHEN n <= ${SERIES} THEN 'small' ELSE 'large' END`],
      ]) {
        await connection.run(
          `INSERT INTO attributes SELECT n, '${name}', ${value} FROM range(1, ${2 * SERIES + 1}) r(n)`,
        )
      }
    },
  })
  return database
}

/** What the engine does for a question of project `a`: its statements, and the rows that each step of them saw. */
async function workFor(database: DuckDBDatabase, attributes: Record<string, readonly string[]>, types: string[] = []) {
  const work: unknown[] = []
  const select = async (statement: Statement) => {
    const explained = { ...statement, sql: `EXPLAIN (ANALYZE, FORMAT json) ${statement.sql}` }
    const [row] = (await database.select(explained)) as [string, string][]
    work.push([statement.sql, stepsOf(JSON.parse(row![1]) as Step)])
    return database.select(statement)
  }
  const finder = new SeriesSelector(select, () => 0)
  const filter = {
    types,
    attributes: new Map(Object.entries({ project_id: ['a'], ...attributes })),
    firstBy: 'project_id',
  }
  const found = await finder.find(filter, undefined)
  return { found, work }
}

interface Step {
  readonly operator_type?: string
  readonly operator_cardinality?: number
  readonly operator_rows_scanned?: number
  readonly children: readonly Step[]
}

function stepsOf(step: Step): unknown[] {
  const { operator_type, operator_cardinality, operator_rows_scanned, children } = step
  return [[operator_type, operator_cardinality, operator_rows_scanned], ...children.flatMap(stepsOf)]
}

test('as much is done for an id that another project has as for one that nobody has', async () => {
  await using database = await openCloud()
  for (const types of [[], ['volume']]) {
    const others = await workFor(database, { id: [`b${SERIES + 7}`] }, types)
    const nobodys = await workFor(database, { id: ['nobody'] }, types)
    expect(others.found).toBe('none')
    expect(others).toEqual(nobodys)
    expect(others.work.length).toBeGreaterThan(0)
  }
})

test('of an attribute that others have with many values no more is looked at than the caller’s own', async () => {
  await using database = await openCloud()
  const large = await workFor(database, { flavor: ['large'] })
  expect(large).toEqual(await workFor(database, { flavor: ['nothing'] }))
  const absent = await workFor(database, { flavor: ['', 'large'] })
  expect(absent).toEqual(await workFor(database, { flavor: ['', 'nothing'] }))
  const own = (await workFor(database, { id: ['a7', `b${SERIES + 7}`] })).found as SeriesSelection
  expect(own).toMatchObject({ numbers: [7], count: 1 })
  expect((await workFor(database, { id: ['a7', 'nobody'] })).found).toEqual(own)
})
