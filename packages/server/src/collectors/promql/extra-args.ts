import { z } from 'zod'

const METHODS = ['avg', 'count', 'max', 'min', 'stddev', 'stdvar', 'sum'] as const
const QUERY_FUNCTIONS = ['abs', 'ceil', 'exp', 'floor', 'ln', 'log2', 'log10', 'round', 'sqrt'] as const
const RANGE_FUNCTIONS = ['changes', 'delta', 'deriv', 'idelta', 'irate', 'rate'] as const

/** `extra_args` of a metric, as CloudKitty's cloudkitty/collector/prometheus_base.py reads them. */
export const ExtraArgs = z
  .strictObject({
    aggregation_method: z.enum(METHODS).default('max'),
    query_function: z.enum(QUERY_FUNCTIONS).optional(),
    range_function: z
      .enum(RANGE_FUNCTIONS, {
        // CloudKitty's schema lists it, so it stands in files; every query with it fails.
        error: ({ input }) =>
          input === 'irange' ? 'PromQL has no function irange; irate is meant, probably' : undefined,
      })
      .optional(),
    query_prefix: z.string().default(''),
    query_suffix: z.string().default(''),
  })
  .prefault({})

export type ExtraArgs = z.output<typeof ExtraArgs>
