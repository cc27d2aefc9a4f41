import { z } from 'zod'
import { defineFetcher, type Fetcher } from '../fetcher.ts'

const Options = z.object({})

/** Every scope that a pushed or imported sample names. */
export const plugin = defineFetcher({
  name: 'samples',
  options: Options,
  create: (_options, context): Fetcher => ({
    scopes: async (signal) => context.samples.sampleScopes(context.scopeKey, await context.snapshot(), signal),
    [Symbol.asyncDispose]: async () => {},
  }),
})
