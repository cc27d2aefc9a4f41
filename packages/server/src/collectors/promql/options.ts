import { option } from '../../lib/option.ts'

/** Our own options of every collector that asks in PromQL. */
export const promqlOptions = {
  precision: option
    .integer({ min: 1, max: 38 })
    .optional()
    .describe('Significant digits of quantities; 9 gives what CloudKitty computes. Default: exact'),
  max_points_per_query: option
    .integer({ min: 1, max: 11_000 })
    .default(10_000)
    .describe('Periods in one query; Prometheus refuses more than 11000'),
  max_response_size: option
    .integer({ min: 1 })
    .default(64)
    .describe('MiB of one answer; a question whose answer is larger is asked in parts'),
  concurrency: option.integer({ min: 1 }).default(4).describe('Queries under way at a time, and connections kept'),
}
