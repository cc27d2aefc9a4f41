import type { Probe } from '../../lib/probe.ts'
import type { PrometheusClient } from './prometheus-client.ts'

/** Asks for a number that any Prometheus knows, by the way that all questions go. */
export function prometheusProbe(client: PrometheusClient, asks: string): Probe {
  return {
    asks,
    async run(signal) {
      await client.query('vector(1)', signal)
      return undefined
    },
  }
}
