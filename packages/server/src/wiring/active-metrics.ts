import { parseSkipExpression, type SkipExpression } from '../domain/skip-expression.ts'
import type { Metric } from '../domain/metric.ts'
import type { ActiveMetrics } from '../processor/rate-periods.ts'

/** Metrics with their skip expressions compiled; `general` is `[orchestrator] skip_datapoints_expression`. */
export function activate(metrics: readonly Metric[], general: string): ActiveMetrics {
  const otherwise = compile(general)
  const byType = new Map(
    metrics.flatMap(({ type, skipDatapointsExpression: own }) =>
      own === undefined ? [] : [[type, compile(own)] as const],
    ),
  )
  if (byType.size === 0 && otherwise.constant !== undefined) {
    const answer = otherwise.constant
    return { metrics, skip: () => answer }
  }
  return { metrics, skip: (point) => (byType.get(point.series.type) ?? otherwise).skips(point) }
}

function compile(text: string): SkipExpression {
  const parsed = parseSkipExpression(text)
  if (!parsed.ok) throw new Error(`the configuration let a faulty skip expression through: ${parsed.reason}`)
  return parsed.expression
}
