import type { Collector } from '../collectors/collector.ts'
import type { Metric } from '../domain/metric.ts'
import type { Period } from '../domain/period.ts'
import type { Frame, Point } from '../domain/point.ts'
import { Fault } from '../lib/fault.ts'
import { mapBounded } from '../lib/map-bounded.ts'
import { ScopeFaults } from '../lib/scope-faults.ts'

/**
 * Everything the scopes used in the periods: one frame per scope and period in which anything was, points by metric type.
 * One question per metric, several at a time. Scopes that stand in the way are told of all metrics together.
 */
export async function collectFrames(
  collector: Collector,
  metrics: readonly Metric[],
  scopes: readonly string[],
  periods: readonly Period[],
  { concurrency, signal }: { concurrency: number; signal: AbortSignal },
): Promise<Frame[]> {
  const byType = metrics.toSorted((a, b) => (a.type < b.type ? -1 : 1))
  const faults = new ScopeFaults()
  const answers = await mapBounded(byType, concurrency, (metric) =>
    collector.collect({ metric, scopes, periods }, signal).catch((error: unknown): Point[] => {
      faults.add(error)
      return []
    }),
  )
  faults.throwIfAny()
  const begin = periods[0]!.begin
  const seconds = periods[0]!.end - begin
  const frames = new Map(
    scopes.map((scopeId) => [scopeId, Array.from<Point[] | undefined>({ length: periods.length })]),
  )
  for (const [i, points] of answers.entries()) {
    for (const point of points) {
      const slots = frames.get(point.series.scopeId)
      const slot = (point.begin - begin) / seconds
      if (!slots || !(slot in periods)) {
        // Rated under another scope or period it would be billed wrongly; better not at all.
        const detail = { metric: byType[i]!.key, begin: point.begin }
        const message = 'the collector gave a point that was not asked for'
        throw new Fault('collect.invalid_answer', message, detail, { scopeIds: [point.series.scopeId] })
      }
      const list = slots[slot]
      if (list) list.push(point)
      else slots[slot] = [point]
    }
  }
  return [...frames].flatMap(([scopeId, slots]) =>
    slots.flatMap((points, slot) => (points ? [{ scopeId, period: periods[slot]!, points }] : [])),
  )
}
