import { mapBounded } from '../../lib/map-bounded.ts'
import type { PrometheusClient, PromSeries, RangeQuery } from '../../sources/prometheus/prometheus-client.ts'
import type { RangeQuerier } from '../promql/promql-collector.ts'

/**
 * Range queries for Aetos, which passes on only queries at one instant (its aetos/controllers/api/v1/query.py). A subquery
 * that ends at that instant has the values at all instants before it too; but PromQL takes these at multiples of the step
 * only. Others are asked for one by one.
 */
export class AetosQuerier implements RangeQuerier {
  readonly #client: PrometheusClient
  readonly #concurrency: number

  constructor(client: PrometheusClient, concurrency: number) {
    this.#client = client
    this.#concurrency = concurrency
  }

  async queryRange({ query, start, end, step }: RangeQuery, signal: AbortSignal): Promise<PromSeries[]> {
    if (start === end) return this.#client.queryAt(query, end, signal)
    if (end % step === 0) {
      // One second more than from the first to the last: Prometheus 3 leaves out what lies at the begin of a range.
      return this.#client.queryRangeAt(`(${query})[${end - start + 1}s:${step}s]`, end, signal)
    }
    const instants = Array.from({ length: Math.floor((end - start) / step) + 1 }, (_, i) => start + i * step)
    const answers = await mapBounded(instants, this.#concurrency, (at) => this.#client.queryAt(query, at, signal))
    return answers.flat()
  }
}
