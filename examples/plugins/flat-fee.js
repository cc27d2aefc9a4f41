/** A collector: every scope has used so much of everything in every period. For fees that do not depend on usage. */
import { defineCollector } from '@cloudtabby/server/collectors/collector'
import { decimal, ZERO } from '@cloudtabby/server/domain/decimal'
import { toSeries } from '@cloudtabby/server/domain/series'
import { toQuantity } from '@cloudtabby/server/domain/to-quantity'
import { option } from '@cloudtabby/server/lib/option'
import { z } from 'zod'

export const plugin = defineCollector({
  name: 'flat_fee',
  options: z.object({
    contract: option.text().default('none').describe('Number of the contract, which every point then carries'),
  }),
  extraArgs: z.object({ quantity: z.string().default('1') }),
  create: ({ contract }, { scopeKey }) => ({
    async collect({ metric, scopes, periods }) {
      const quantity = toQuantity(decimal(metric.extraArgs.quantity), metric)
      return scopes.flatMap((scopeId) => {
        const groupby = { [scopeKey]: scopeId }
        const series = toSeries({ scopeId, type: metric.type, unit: metric.unit, groupby, metadata: { contract } })
        return periods.map(({ begin, end }) => ({ series, begin, end, quantity, price: ZERO, rules: [] }))
      })
    },
    async [Symbol.asyncDispose]() {},
  }),
})
