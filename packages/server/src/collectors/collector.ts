import type { z } from 'zod'
import type { Metric } from '../domain/metric.ts'
import type { Instant, Period } from '../domain/period.ts'
import type { Point } from '../domain/point.ts'
import type { SampleReader } from '../domain/sample.ts'
import type { SeriesRegistry } from '../domain/series-registry.ts'
import type { Snapshot } from '../domain/snapshot.ts'
import type { Plugin } from '../lib/plugin.ts'
import type { Probe } from '../lib/probe.ts'
import type { SourceObserver } from '../sources/http/source-client.ts'

/** One question for everybody: a metric of many scopes in many consecutive periods of equal length. */
export interface CollectRequest<ExtraArgs = unknown> {
  readonly metric: Metric<ExtraArgs>
  readonly scopes: readonly string[]
  readonly periods: readonly Period[]
}

/** Finds out who used what. `ExtraArgs` is what its schema of that name makes of a metric's `extra_args`. */
export interface Collector<ExtraArgs = unknown> extends AsyncDisposable {
  /**
   * The unpriced points (price zero, no rules) of the metric: each belongs to one of the scopes and one of the periods.
   * In no particular order; empty when nothing was used. Points of scopes that were not asked for are left out. Throws a
   * `Fault` that names the metric and, where it can, the query, when the source cannot be asked or gives nonsense:
   * a period is collected whole or not at all.
   */
  collect(request: CollectRequest<ExtraArgs>, signal: AbortSignal): Promise<Point[]>
  /** When the source's data begins, if it can tell; for `[collect] begin = first-sample`. */
  firstSampleAt?(signal: AbortSignal): Promise<Instant | undefined>
  /** For `check-config --connect`: what shows that its source answers. Absent: it has none. */
  readonly probe?: Probe | undefined
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

/** A collector as its folder defines it. Its section is `[collector_<name>]`. */
export interface CollectorDefinition<Options, ExtraArgs> extends Plugin<
  CollectorContext,
  Collector<ExtraArgs>,
  Options
> {
  /** The schema of `extra_args` in metrics.yml. */
  readonly extraArgs: z.ZodType<ExtraArgs>
  /** Attributes that every metric must be grouped by for this collector, after the scope key (Gnocchi's `resource_key`). */
  requiredGroupby?(extraArgs: ExtraArgs): readonly string[]
}

/** A collector whose types only itself knows: it gets nothing but what its own schemas have made. */
export type CollectorPlugin = CollectorDefinition<unknown, unknown>

export function defineCollector<Options, ExtraArgs>(
  definition: CollectorDefinition<Options, ExtraArgs>,
): CollectorPlugin {
  return definition
}
