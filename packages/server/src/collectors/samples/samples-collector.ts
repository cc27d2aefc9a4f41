import { ZERO } from '../../domain/decimal.ts'
import type { Instant } from '../../domain/period.ts'
import { NO_RULES, type Point } from '../../domain/point.ts'
import { toQuantity } from '../../domain/to-quantity.ts'
import type { Collector, CollectorContext, CollectRequest } from '../collector.ts'
import type { ExtraArgs } from './extra-args.ts'

/** Makes points of the raw usage that was pushed to us and is kept beside the rated points. */
export class SamplesCollector implements Collector<ExtraArgs> {
  readonly #context: Pick<CollectorContext, 'scopeKey' | 'series' | 'samples' | 'snapshot'>

  constructor(context: Pick<CollectorContext, 'scopeKey' | 'series' | 'samples' | 'snapshot'>) {
    this.#context = context
  }

  async collect({ metric, scopes, periods }: CollectRequest<ExtraArgs>, signal: AbortSignal): Promise<Point[]> {
    if (scopes.length === 0 || periods.length === 0) return []
    const { scopeKey, series, samples } = this.#context
    const { sample, method } = metric.extraArgs
    const { type, unit, groupby, metadata } = metric
    const labels = [...new Set([scopeKey, ...groupby, ...metadata])]
    const query = { name: sample ?? metric.name, method, labels, scopeKey, scopes, periods }
    const values = await samples.readSamples(query, await this.#context.snapshot(), signal)
    const prefix = `collector_samples ${JSON.stringify([type, unit, labels, groupby, metadata])}`
    return values.map(({ period, labels: texts, value }) => ({
      series: series.intern(prefix + JSON.stringify(texts), () => {
        const pick = (names: readonly string[]) =>
          Object.fromEntries(names.map((name) => [name, texts[labels.indexOf(name)]!]))
        const scopeId = texts[0]!
        return { scopeId, type, unit, groupby: { ...pick(groupby), [scopeKey]: scopeId }, metadata: pick(metadata) }
      }),
      begin: period.begin,
      end: period.end,
      quantity: toQuantity(value, metric),
      price: ZERO,
      rules: NO_RULES,
    }))
  }

  async firstSampleAt(signal: AbortSignal): Promise<Instant | undefined> {
    return this.#context.samples.firstSampleAt(await this.#context.snapshot(), signal)
  }

  /** The store that keeps the samples belongs to others. */
  async [Symbol.asyncDispose](): Promise<void> {}
}
