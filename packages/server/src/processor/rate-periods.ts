import type { Collector } from '../collectors/collector.ts'
import type { Metric } from '../domain/metric.ts'
import type { Period } from '../domain/period.ts'
import type { Frame, Point } from '../domain/point.ts'
import type { BatchId } from '../domain/snapshot.ts'
import { ScopeFaults } from '../lib/scope-faults.ts'
import type { RatingPipeline } from '../rating/rating-pipeline.ts'
import { UnpricedTally, type UnpricedUsage } from '../rating/unpriced.ts'
import type { PointStore } from '../storage/point-store.ts'
import { collectFrames } from './collect-frames.ts'

/** The part of a metrics.yml that is in force; a running service may get a new one between batches. */
export interface ActiveMetrics {
  readonly metrics: readonly Metric[]
  /** True for a point that is not to be stored, by its type's expression or the general one. */
  readonly skip: (point: Point) => boolean
}

export interface RatingParts {
  readonly collector: Collector
  readonly pipeline: RatingPipeline
  readonly store: PointStore
  readonly metrics: () => ActiveMetrics
}

export interface RatePeriods {
  readonly batch: BatchId
  readonly scopeIds: readonly string[]
  readonly periods: readonly Period[]
  /** Metrics that are asked for at the same time. */
  readonly concurrency: number
  readonly signal: AbortSignal
}

/** What was written, which nobody sees yet. */
export interface RatedPeriods {
  readonly points: number
  /** Of those, the ones that no rule has priced. */
  readonly unpriced: readonly UnpricedUsage[]
}

/** From the source to the points store: collects, rates, and writes into the batch. */
export async function ratePeriods(
  { collector, pipeline, store, metrics }: RatingParts,
  { batch, scopeIds, periods, concurrency, signal }: RatePeriods,
): Promise<RatedPeriods> {
  const active = metrics()
  const rater = await pipeline.load()
  const frames = await collectFrames(collector, active.metrics, scopeIds, periods, { concurrency, signal })
  const points = keptPoints(await rater.rate(frames, { signal }), active)
  signal.throwIfAborted()
  if (points.length > 0) await store.write(batch, points, signal)
  const unpriced = new UnpricedTally()
  unpriced.count(points, (point) => rater.whyUnpriced(point, point.series.scopeId))
  return { points: points.length, unpriced: unpriced.usages }
}

/** The points that are to be stored. Scopes of which it cannot be decided are told together. */
export function keptPoints(frames: readonly Frame[], { skip }: Pick<ActiveMetrics, 'skip'>): Point[] {
  const points: Point[] = []
  const faults = new ScopeFaults()
  for (const frame of frames) {
    try {
      for (const point of frame.points) if (!skip(point)) points.push(point)
    } catch (error) {
      faults.add(error)
    }
  }
  faults.throwIfAny()
  return points
}
