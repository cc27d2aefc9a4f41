import { z } from 'zod'
import { option } from '../../lib/option.ts'
import { prometheusKeyOptions, prometheusOptions } from '../../sources/prometheus/prometheus-options.ts'

/** Options of `[fetcher_prometheus]`: CloudKitty's, then ours. */
export const Options = z.object({
  metric: z.string().min(1).describe('Metric whose series name the scopes'),
  scope_attribute: option.text().default('project_id').describe('Label that holds the scope'),
  ...prometheusOptions,
  filters: option.dict().default({}).describe('Labels that the series must have: label:value,label:value'),
  ...prometheusKeyOptions,
})

export type Options = z.output<typeof Options>
