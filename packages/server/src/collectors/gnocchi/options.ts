import { z } from 'zod'
import { gnocchiOptions } from '../../sources/gnocchi/gnocchi-source.ts'
import { option } from '../../lib/option.ts'

/** Options of `[collector_gnocchi]`: CloudKitty's, then ours. */
export const Options = z.object({
  ...gnocchiOptions,
  measures: option
    .oneOf(['all', 'first'])
    .default('all')
    .describe(
      'Which measures of a period count: all, brought together by re_aggregation_method, or only the first, as CloudKitty reads them',
    ),
  max_scopes_per_query: option.integer({ min: 1 }).default(500).describe('Scopes in one question'),
})

export type Options = z.output<typeof Options>
