import { describe, expect, test } from 'vitest'
import { deadUrl } from '../../lib/testing/serve-http.ts'
import { Modules } from '../modules.ts'
import { createTestDatabase, hasPostgres } from '../testing/open-test-postgres.ts'
import { openPostgres } from './open-postgres.ts'
import { peekModules } from './peek-modules.ts'

describe.skipIf(!(await hasPostgres()))('the modules of state that is not opened', () => {
  test('none before there is state, then those that are on; unknown without a server', async () => {
    const { url, drop } = await createTestDatabase()
    try {
      expect(await peekModules(url)).toEqual([])
      await using state = await openPostgres({ url })
      const modules = new Modules(state.db)
      for (const [name, enabled] of [
        ['b', true],
        ['a', true],
        ['off', false],
      ] as const)
        await modules.set(name, { enabled }, { who: 'test' })
      expect(await peekModules(url)).toEqual(['a', 'b'])
    } finally {
      await drop()
    }
    expect(await peekModules((await deadUrl()).replace('http', 'postgresql'))).toBeUndefined()
  })
})
