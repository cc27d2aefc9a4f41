import { describe, expect, test } from 'vitest'
import { openPostgres } from '../state/postgres/open-postgres.ts'
import { hasPostgres, openProxiedDatabase } from '../state/testing/open-test-postgres.ts'
import { WriteHealth } from '../storage/watch-writes.ts'
import { whyUnhealthy } from './why-unhealthy.ts'

describe.skipIf(!(await hasPostgres()))('the health of a process', () => {
  test('fails while PostgreSQL is away or silent, without waiting for long, and is well again afterwards', async () => {
    await using database = await openProxiedDatabase()
    await using state = await openPostgres({ url: database.url })
    const parts = { db: state.db, writes: new WriteHealth(), folders: [] }
    expect(await whyUnhealthy(parts)).toBeUndefined()
    await database.proxy.set('refuse')
    expect(await whyUnhealthy(parts)).toBe('the state database does not answer')
    await database.proxy.lift()
    expect(await whyUnhealthy(parts)).toBeUndefined()
    await database.proxy.set('stall')
    // Far less than a statement may take.
    expect(await whyUnhealthy(parts, 100)).toBe('the state database does not answer')
    await database.proxy.lift()
    expect(await whyUnhealthy(parts)).toBeUndefined()
  })
})
