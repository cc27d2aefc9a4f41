import { z } from 'zod'
import type { Nesting } from '../../../http/json-stream.ts'
import { writeJson } from '../../../http/json.ts'
import { out } from '../../../http/v2-types.ts'
import { formatInstant } from '../../../domain/period.ts'
import type { Point } from '../../../domain/point.ts'

const PointObject = z
  .strictObject({
    vol: z.strictObject({ unit: z.string(), qty: out.decimal() }),
    rating: z.strictObject({ price: out.decimal() }),
    groupby: z.record(z.string(), z.unknown()),
    metadata: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'Point' })

export const FrameObject = z
  .strictObject({
    period: z.strictObject({ begin: out.instant(), end: out.instant() }),
    usage: z.record(z.string(), z.array(PointObject)).describe('By metric type.'),
  })
  .meta({ id: 'Dataframe' })

/** Points in the order of the store as frames, a frame for each period; types in the order in which they come. */
export const FRAMES: readonly Nesting<Point>[] = [
  {
    isOne: (a, b) => a.begin === b.begin && a.end === b.end,
    open({ begin, end }) {
      const period = { begin: formatInstant(begin), end: formatInstant(end) }
      return `{"period": ${writeJson(period)}, "usage": {`
    },
    close: '}}',
  },
  {
    isOne: (a, b) => a.series.type === b.series.type,
    open: ({ series }) => `${JSON.stringify(series.type)}: [`,
    close: ']',
  },
]

export function pointText({ series, quantity, price }: Point): string {
  const { unit, groupby, metadata } = series
  const object: z.output<typeof PointObject> = { vol: { unit, qty: quantity }, rating: { price }, groupby, metadata }
  return writeJson(object)
}
