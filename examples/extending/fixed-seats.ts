import { z } from 'zod'
import { defineCollector } from '../../packages/server/src/collectors/collector.ts'
import { decimal, ZERO } from '../../packages/server/src/domain/decimal.ts'
import { NO_RULES } from '../../packages/server/src/domain/point.ts'
import { toQuantity } from '../../packages/server/src/domain/to-quantity.ts'

/** A collector: metrics.yml says how many seats a scope has (`extra_args: {seats: {alpha: 3}}`), in every period. */
export const plugin = defineCollector({
  name: 'fixed_seats',
  options: z.object({}),
  extraArgs: z.strictObject({ seats: z.record(z.string(), z.int().min(1)) }),
  create: (_options, { scopeKey, series }) => ({
    async collect({ metric, scopes, periods }) {
      return scopes.flatMap((scopeId) => {
        const seats = metric.extraArgs.seats[scopeId]
        if (seats === undefined) return []
        const { type, unit } = metric
        const identity = { scopeId, type, unit, groupby: { [scopeKey]: scopeId }, metadata: {} }
        const of = series.intern(JSON.stringify([type, unit, scopeId]), () => identity)
        const quantity = toQuantity(decimal(String(seats)), metric)
        return periods.map((period) => ({ series: of, ...period, quantity, price: ZERO, rules: NO_RULES }))
      })
    },
    async [Symbol.asyncDispose]() {},
  }),
})
