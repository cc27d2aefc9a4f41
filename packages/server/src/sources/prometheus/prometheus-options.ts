import { z } from 'zod'
import { option } from '../../lib/option.ts'

/** How to reach Prometheus: CloudKitty's options, the same in `[collector_prometheus]` and `[fetcher_prometheus]`. */
export const prometheusOptions = {
  prometheus_url: z
    .string()
    .refine((url) => /^https?:\/\/[^/].*\/api\/v\d+\/*$/.test(url), {
      error: ({ input }) =>
        `expected the URL of Prometheus with the prefix of its API at the end, http://localhost:9090/api/v1, got '${String(input).replace(/\/\/[^@/]*@/, '//***@')}'`,
    })
    .describe('URL of Prometheus with the prefix of its API: http://localhost:9090/api/v1'),
  prometheus_user: option.text().optional().describe('User for basic authentication; needs the password too'),
  prometheus_password: option.secret().optional().describe('Password for basic authentication'),
  cafile: option.text().optional().describe("PEM file of the authorities that may have signed Prometheus' certificate"),
  insecure: option.boolean().default(false).describe("Does not check Prometheus' certificate"),
  timeout: option.float({ min: 0.001 }).default(60).describe('Seconds until an answer must be there, to its last byte'),
}

/** Our own: a certificate to show to Prometheus. */
export const prometheusKeyOptions = {
  certfile: option.text().optional().describe('PEM file of the certificate that we show to Prometheus'),
  keyfile: option.text().optional().describe("PEM file of that certificate's key"),
}
