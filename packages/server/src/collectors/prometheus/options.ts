import { z } from 'zod'
import { option } from '../../lib/option.ts'

/** Options of `[collector_prometheus]`: CloudKitty's, then ours. */
export const Options = z.object({
  prometheus_url: z
    .string()
    .refine((url) => /^https?:\/\/[^/]/.test(url), {
      error: "expected Prometheus' URL with its API prefix: http://localhost:9090/api/v1",
    })
    .describe('URL of Prometheus with the prefix of its API: http://localhost:9090/api/v1'),
  prometheus_user: option.text().optional().describe('User for basic authentication; needs the password too'),
  prometheus_password: option.secret().optional().describe('Password for basic authentication'),
  cafile: option.text().optional().describe("PEM file of the authorities that may have signed Prometheus' certificate"),
  insecure: option.boolean().default(false).describe("Does not check Prometheus' certificate"),
  timeout: option.float({ min: 0.001 }).default(60).describe('Seconds until an answer must be there, to its last byte'),

  certfile: option.text().optional().describe('PEM file of the certificate that we show to Prometheus'),
  keyfile: option.text().optional().describe("PEM file of that certificate's key"),
  precision: option
    .integer({ min: 1, max: 38 })
    .optional()
    .describe('Significant digits of quantities; 9 gives what CloudKitty computes. Default: exact'),
  max_points_per_query: option
    .integer({ min: 1, max: 11_000 })
    .default(10_000)
    .describe('Periods in one query; Prometheus refuses more than 11000'),
  max_scopes_per_query: option.integer({ min: 1 }).default(1000).describe('Scopes in one query'),
  max_response_size: option
    .integer({ min: 1 })
    .default(64)
    .describe('MiB of one answer; a question whose answer is larger is asked in parts'),
  concurrency: option.integer({ min: 1 }).default(4).describe('Queries under way at a time, and connections kept'),
})

export type Options = z.output<typeof Options>
