import { afterAll, beforeEach, expect, test } from 'vitest'
import { DuckDBDatabase } from './duckdb-database.ts'
import { UPGRADES } from './schema.ts'
import { SeriesSelector } from './series-selection.ts'

const database = await DuckDBDatabase.open({ path: ':memory:', threads: 1 })
afterAll(() => database[Symbol.asyncDispose]())
await database.change({
  async work(connection) {
    for (const statement of UPGRADES.flat()) await connection.run(statement)
    // Two scopes, 1 and 3, with two series each.
    for (const [number, scope, type] of [
      [1, 1, 'instance'],
      [2, 1, 'volume'],
      [3, 3, 'instance'],
      [4, 3, 'volume'],
    ] as const) {
      await connection.run('INSERT INTO series (number, scope, type) VALUES ($1, $2, $3)', [number, scope, type])
      await connection.run("INSERT INTO attributes VALUES ($1, 'project_id', $2)", [number, `project-${scope}`])
    }
  },
})

let asked = 0
let changes = 0
let finder: SeriesSelector
beforeEach(() => {
  asked = 0
  finder = new SeriesSelector(
    (statement, signal) => (asked++, database.select(statement, signal)),
    () => changes,
  )
})

const find = (types: readonly string[], attributes: Record<string, readonly string[]>) =>
  finder.find({ types, attributes: new Map(Object.entries(attributes)) }, undefined)

test('all series of a scope are known by the scope alone', async () => {
  expect(await find([], { project_id: ['project-3'] })).toEqual({
    scopes: { first: 3, last: 3 },
    whole: true,
    numbers: undefined,
    count: 2,
  })
})

test('some of them are known by their numbers', async () => {
  const selection = await find(['volume'], { project_id: ['project-1', 'project-3'] })
  expect(selection).toEqual({ scopes: { first: 1, last: 3 }, whole: false, numbers: [2, 4], count: 2 })
})

test('without a condition on series nothing is asked', async () => {
  expect(await find([], { month: ['6'] })).toBe('all')
  expect(asked).toBe(0)
})

test('a filter that leaves nothing says so', async () => {
  expect(await find([], { project_id: ['project-9'] })).toBe('none')
})

test('the same filter is looked up once, until series come or go', async () => {
  await find(['volume'], {})
  await find(['volume'], {})
  expect(asked).toBe(2)
  await find(['instance'], {})
  // The sizes of the scopes are known by then.
  expect(asked).toBe(3)
  changes++
  await find(['volume'], {})
  expect(asked).toBe(5)
})
