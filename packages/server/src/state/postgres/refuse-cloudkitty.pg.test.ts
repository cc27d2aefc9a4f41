import { describe, expect, test } from 'vitest'
import { faultOf } from '../../lib/testing/thrown.ts'
import { hasPostgres, openProxiedDatabase } from '../testing/open-test-postgres.ts'
import { openPostgres } from './open-postgres.ts'

describe.skipIf(!(await hasPostgres()))("CloudKitty's own database", () => {
  test.each(['modules_state', 'hashmap_services', 'storage_states'])(
    'is told by its tables (%s), and left as it is',
    async (table) => {
      await using database = await openProxiedDatabase()
      await database.ask(`CREATE TABLE ${table} (id integer)`)
      const fault = await faultOf(openPostgres({ url: database.url }))
      expect(fault).toMatchObject({ code: 'config.invalid', message: expect.stringContaining(`the table ${table}`) })
      const tables = await database.ask(
        `SELECT schemaname || '.' || tablename AS name FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')`,
      )
      expect(tables).toEqual([{ name: `public.${table}` }])
    },
  )

  test('is not taken for ours when we have been here before', async () => {
    await using database = await openProxiedDatabase()
    await using first = await openPostgres({ url: database.url })
    await using second = await openPostgres({ url: database.url })
    expect(first).not.toBe(second)
  })
})
