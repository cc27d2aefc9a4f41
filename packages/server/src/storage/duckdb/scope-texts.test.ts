import { afterAll, beforeEach, expect, test } from 'vitest'
import { DuckDBDatabase } from './duckdb-database.ts'
import { UPGRADES } from './schema.ts'
import { groupingBy } from '../grouping.ts'
import { ScopeTexts } from './scope-texts.ts'

const database = await DuckDBDatabase.open({ path: ':memory:', threads: 1 })
afterAll(() => database[Symbol.asyncDispose]())
await database.change({
  async work(connection) {
    for (const statement of UPGRADES.flat()) await connection.run(statement)
    // Two scopes, 1 and 3, with two series each.
    for (const [number, scope, attributes] of [
      [1, 1, { project_id: 'a', region: 'north', flavor: 'small', zone: 'x' }],
      [2, 1, { project_id: 'a', region: 'north', flavor: 'large' }],
      [3, 3, { project_id: 'b', region: 'north', flavor: 'small' }],
      [4, 3, { project_id: 'b', region: 'north', flavor: 'small' }],
    ] as const) {
      await connection.run('INSERT INTO series (number, scope) VALUES ($1, $2)', [number, scope])
      for (const [name, value] of Object.entries(attributes)) {
        await connection.run('INSERT INTO attributes VALUES ($1, $2, $3)', [number, name, value])
      }
    }
  },
})

let asked = 0
let changes = 0
let texts: ScopeTexts
beforeEach(() => {
  asked = 0
  texts = new ScopeTexts(
    (statement, signal) => (asked++, database.select(statement, signal)),
    () => changes,
  )
})

const find = async (...names: string[]) =>
  (await texts.find(names.map(groupingBy), undefined))?.map((each) => Object.fromEntries(each))

test('attributes with one text in each scope are told by the scope', async () => {
  expect(await find('project_id', 'region')).toEqual([
    { 1: 'a', 3: 'b' },
    { 1: 'north', 3: 'north' },
  ])
})

test('one that no series has is the empty text', async () => {
  expect(await find('nowhere')).toEqual([{ 1: '', 3: '' }])
})

test.each(['flavor', 'zone', 'type', 'unit'])('%s differs within a scope, or may', async (name) => {
  expect(await find('project_id', name)).toBeUndefined()
})

test('what was found out is remembered, until series come or go', async () => {
  await find('project_id')
  await find('project_id', 'flavor')
  await find('flavor')
  expect(asked).toBe(2)
  changes++
  await find('flavor')
  expect(asked).toBe(3)
})
