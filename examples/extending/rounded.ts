import { z } from 'zod'
import { roundScale } from '../../packages/server/src/domain/decimal.ts'
import { option } from '../../packages/server/src/lib/option.ts'
import { defineRatingModule } from '../../packages/server/src/rating/rating-module.ts'

/** A rating module: every price is rounded, half to even, to so many digits. */
export const plugin = defineRatingModule({
  name: 'rounded',
  options: z.object({
    digits: option.integer({ min: 0, max: 18 }).default(2).describe('Digits after the point that a price keeps'),
  }),
  create: ({ digits }) => ({
    name: 'rounded',
    description: 'Rounds prices.',
    configurable: false,
    async load() {
      return {
        rate: (frames) =>
          frames.map((frame) => ({
            ...frame,
            points: frame.points.map((point) => ({ ...point, price: roundScale(point.price, digits) })),
          })),
      }
    },
  }),
})
