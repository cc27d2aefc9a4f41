import { expect, test } from 'vitest'
import { contextOf } from '../../collectors/testing/collect-context.ts'
import { plugin } from './index.ts'

test.each([
  ['each once', { sources: 'a, b ,a,,c' }, ['a', 'b', 'c']],
  ['none when none is listed', {}, []],
])('gives the scopes that are listed, %s', async (_what, options, scopes) => {
  await using fetcher = await plugin.create(plugin.options.parse(options), contextOf())
  expect(await fetcher.scopes(new AbortController().signal)).toEqual(scopes)
})
