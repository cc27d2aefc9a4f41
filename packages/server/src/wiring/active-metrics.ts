import type { Metric } from '../domain/metric.ts'
import type { SkipExpression } from '../domain/skip-expression.ts'
import type { TimeZone } from '../domain/time-zone.ts'
import type { ActiveMetrics } from '../processor/rate-periods.ts'

/**
 * Metrics, and what is skipped of them; `general` is `[orchestrator] skip_datapoints_expression`, the zone is the one whose
 * calendar the expressions see.
 */
export function activate(metrics: readonly Metric[], general: SkipExpression, zone: TimeZone): ActiveMetrics {
  const byType = new Map(metrics.flatMap(({ type, skip }) => (skip === undefined ? [] : [[type, skip] as const])))
  if (byType.size === 0 && general.constant !== undefined) {
    const answer = general.constant
    return { metrics, skip: () => answer }
  }
  return { metrics, skip: (point) => (byType.get(point.series.type) ?? general).skips(point, zone) }
}
