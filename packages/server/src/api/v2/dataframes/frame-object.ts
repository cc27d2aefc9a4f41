import { z } from 'zod'
import { out } from '../../../http/v2-types.ts'
import { formatInstant } from '../../../domain/period.ts'
import type { Point } from '../../../domain/point.ts'

export const PointObject = z.strictObject({
  vol: z.strictObject({ unit: z.string(), qty: out.decimal() }),
  rating: z.strictObject({ price: out.decimal() }),
  groupby: z.record(z.string(), z.unknown()),
  metadata: z.record(z.string(), z.unknown()),
})

export const FrameObject = z.strictObject({
  period: z.strictObject({ begin: z.string(), end: z.string() }),
  usage: z.record(z.string(), z.array(PointObject)),
})

/** The points of one period; types in the order in which they come. */
export function toFrameObject(points: readonly Point[]): z.output<typeof FrameObject> {
  const { begin, end } = points[0]!
  const usage = new Map<string, z.output<typeof PointObject>[]>()
  for (const { series, quantity, price } of points) {
    const { type, unit, groupby, metadata } = series
    const point = { vol: { unit, qty: quantity }, rating: { price }, groupby, metadata }
    const ofType = usage.get(type)
    if (ofType) ofType.push(point)
    else usage.set(type, [point])
  }
  return { period: { begin: formatInstant(begin), end: formatInstant(end) }, usage: Object.fromEntries(usage) }
}
