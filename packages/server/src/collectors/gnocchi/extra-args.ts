import { z } from 'zod'

/** What Gnocchi knows to make of several values, CloudKitty's names for them. */
export const METHODS = ['mean', 'sum', 'last', 'max', 'min', 'std', 'median', 'first', 'count'] as const
export type Method = (typeof METHODS)[number]

const PERCENTILES = Array.from({ length: 99 }, (_, i) => `${i + 1}pct`)
const AGGREGATION_METHODS = [...METHODS, ...PERCENTILES].flatMap((method) => [method, `rate:${method}`])
const RE_AGGREGATION_METHODS = [...METHODS, ...METHODS.map((method) => `rate:${method}` as const)] as const

/** `extra_args` of a metric, as CloudKitty's cloudkitty/collector/gnocchi.py reads them. */
export const ExtraArgs = z.strictObject({
  resource_type: z.string().min(1),
  resource_key: z.string().min(1).default('id'),
  aggregation_method: z.enum(AGGREGATION_METHODS).default('max'),
  re_aggregation_method: z.enum(RE_AGGREGATION_METHODS).default('max'),
  /** Seconds; 0 for whatever granularities the archive policy has. */
  force_granularity: z.int().min(0).default(3600),
  use_all_resource_revisions: z.boolean().default(true),
  custom_query: z.string().default(''),
})

export type ExtraArgs = z.output<typeof ExtraArgs>
