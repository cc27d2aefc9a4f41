import { z } from 'zod'
import { option } from '../../lib/option.ts'
import { defineFetcher, type Fetcher } from '../fetcher.ts'

const Options = z.object({
  sources: option.list().default([]).describe('Ids of the scopes'),
})

/** The scopes that the configuration lists. */
export const plugin = defineFetcher({
  name: 'source',
  options: Options,
  create: ({ sources }): Fetcher => ({
    scopes: async () => [...new Set(sources)],
    whenNone: {
      asked: 'the scopes that [fetcher_source] sources lists',
      remedy: 'list them there, separated by commas, or set [fetcher] backend to one that finds them out',
    },
    [Symbol.asyncDispose]: async () => {},
  }),
})
