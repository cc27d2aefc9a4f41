import type { z } from 'zod'
import type { Metric } from '../domain/metric.ts'
import type { Instant, Period } from '../domain/period.ts'
import type { Point } from '../domain/point.ts'
import type { SampleReader } from '../domain/sample.ts'
import type { SeriesRegistry } from '../domain/series.ts'
import type { Snapshot } from '../domain/snapshot.ts'
import type { SourceObserver } from '../sources/http/source-client.ts'

/** One question for everybody: a metric of many scopes in many consecutive periods of equal length. */
export interface CollectRequest {
  readonly metric: Metric
  readonly scopes: readonly string[]
  readonly periods: readonly Period[]
}

/** Finds out who used what. */
export interface Collector extends AsyncDisposable {
  /**
   * The unpriced points (price zero, no rules) of the metric: each belongs to one of the scopes and one of the periods.
   * In no particular order; empty when nothing was used. Points of scopes that were not asked for are left out. Throws a
   * `Fault` that names the metric and, where it can, the query, when the source cannot be asked or gives nonsense:
   * a period is collected whole or not at all.
   */
  collect(request: CollectRequest, signal: AbortSignal): Promise<Point[]>
  /** When the source's data begins, if it can tell; for `[collect] begin = first-sample`. */
  firstSampleAt?(signal: AbortSignal): Promise<Instant | undefined>
}

/** What a collector may use of the rest of the program. */
export interface CollectorContext {
  readonly scopeKey: string
  /** `[collect] period`, seconds. */
  readonly periodSeconds: number
  readonly series: SeriesRegistry
  /** Only the `samples` collector reads these. */
  readonly samples: SampleReader
  snapshot(): Promise<Snapshot>
  /** Told of every HTTP exchange with a source, for counters. */
  readonly onSourceExchange?: SourceObserver
}

/** A collector as a plugin: what it is called, which options it takes, how it is made. */
export interface CollectorPlugin<Options = unknown, ExtraArgs = unknown> {
  readonly name: string
  /** Its section of cloudkitty.conf (`collector_<name>`), read as text values by option name. */
  readonly options: z.ZodType<Options>
  /** The schema of `extra_args` in metrics.yml. */
  readonly extraArgs: z.ZodType<ExtraArgs>
  /** Attributes that every metric must be grouped by for this collector, after the scope key (Gnocchi's `resource_key`). */
  requiredGroupby?(extraArgs: ExtraArgs): readonly string[]
  create(options: Options, context: CollectorContext): Collector | Promise<Collector>
}
