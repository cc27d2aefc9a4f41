import type { Collector, CollectRequest } from '../../collectors/collector.ts'
import { Decimal, ZERO } from '../../domain/decimal.ts'
import type { Metric } from '../../domain/metric.ts'
import { FRACTION_ONE, FRACTION_ZERO } from '../../domain/fraction.ts'
import type { Instant } from '../../domain/period.ts'
import { NO_RULES, type Point } from '../../domain/point.ts'
import { SeriesRegistry } from '../../domain/series-registry.ts'
import { Fault } from '../../lib/fault.ts'

/** A metric of the source in memory. */
export function memoryMetric(type: string): Metric {
  return {
    key: type,
    name: type,
    type,
    unit: 'unit',
    groupby: ['id', 'project_id'],
    metadata: ['flavor_name'],
    factor: FRACTION_ONE,
    offset: FRACTION_ZERO,
    mutate: 'NONE',
    mutateMap: [],
    extraArgs: {},
  }
}

/** What a scope used of a metric in a period, worked out from their names alone: the same whoever asks, and however. */
export class MemorySource implements Collector {
  readonly requests: CollectRequest[] = []
  firstSampleAt: () => Promise<Instant | undefined> = () => Promise.resolve(undefined)
  /** Called before each answer; what it throws is the source's failure. */
  onRequest: (request: CollectRequest) => void | Promise<void> = () => {}
  readonly #series = new SeriesRegistry()
  readonly #resources: number

  /** So many resources of each metric in every scope. */
  constructor(resources: number) {
    this.#resources = resources
  }

  async collect(request: CollectRequest): Promise<Point[]> {
    this.requests.push(request)
    await this.onRequest(request)
    const { metric, scopes, periods } = request
    const points: Point[] = []
    for (const scopeId of scopes) {
      for (let r = 0; r < this.#resources; r++) {
        const series = this.#series.intern(`${metric.key} ${scopeId} ${r}`, () => ({
          scopeId,
          type: metric.type,
          unit: metric.unit,
          groupby: { id: `${metric.type}-${scopeId}-${r}`, project_id: scopeId },
          metadata: { flavor_name: `flavor-${r % 4}` },
        }))
        for (const { begin, end } of periods) {
          const quantity = new Decimal(BigInt(1 + (r % 7) + ((begin / 3600) % 24)), 0)
          points.push({ series, begin, end, quantity, price: ZERO, rules: NO_RULES })
        }
      }
    }
    return points
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

/** Fails as a source that cannot be reached does. */
export function unreachable(): never {
  throw new Fault('collect.unreachable', 'connection refused')
}
