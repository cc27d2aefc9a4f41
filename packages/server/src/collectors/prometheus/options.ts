import { z } from 'zod'
import { option } from '../../lib/option.ts'
import { prometheusKeyOptions, prometheusOptions } from '../../sources/prometheus/prometheus-options.ts'
import { promqlOptions } from '../promql/options.ts'

/** Options of `[collector_prometheus]`: CloudKitty's, then ours. */
export const Options = z.object({
  ...prometheusOptions,
  ...prometheusKeyOptions,
  ...promqlOptions,
  max_scopes_per_query: option.integer({ min: 1 }).default(1000).describe('Scopes in one query'),
})

export type Options = z.output<typeof Options>
