import { z } from 'zod'
import { option } from '../../lib/option.ts'
import type { Fetcher, FetcherPlugin } from '../fetcher.ts'

const Options = z.object({
  sources: option.list().default([]).describe('Ids of the scopes'),
})

/** The scopes that the configuration lists. */
export const plugin: FetcherPlugin<z.output<typeof Options>> = {
  name: 'source',
  options: Options,
  create: ({ sources }): Fetcher => ({
    scopes: async () => [...new Set(sources)],
    [Symbol.asyncDispose]: async () => {},
  }),
}
