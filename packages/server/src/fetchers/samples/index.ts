import { z } from 'zod'
import { defineFetcher, type Fetcher } from '../fetcher.ts'

const Options = z.object({})

/** Every scope that a pushed or imported sample names. */
export const plugin = defineFetcher({
  name: 'samples',
  options: Options,
  create: (_options, context): Fetcher => ({
    scopes: async (signal) => context.samples.sampleScopes(context.scopeKey, await context.snapshot(), signal),
    whenNone: {
      asked: `the values of the label ${context.scopeKey} of all samples that were imported or pushed`,
      remedy: `import samples that have the label (cloudtabbyd import FILE), or set [collect] scope_key to the one that they have`,
    },
    [Symbol.asyncDispose]: async () => {},
  }),
})
