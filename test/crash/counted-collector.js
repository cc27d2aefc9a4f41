import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { Decimal, ZERO } from '../../packages/server/dist/domain/decimal.js'

const RESOURCES = 20
/**
 * A file that holds an instant, or none. As long as it is there each question takes a while, and none of what ends after
 * the instant is answered: so that a test comes in the middle of the work, on the fastest machine too.
 */
const HOLD = process.env['COUNTED_HOLD']

/**
 * A collector of an operator's own, named in cloudkitty.conf by its file: what a scope used follows from the names and the
 * hour alone, so that every run of the crash test collects the same.
 */
export const plugin = {
  name: 'counted',
  options: z.object({}),
  extraArgs: z.object({}),
  create: (_options, context) => ({
    async collect({ metric, scopes, periods }, signal) {
      if (HOLD !== undefined) await holdBack(periods.at(-1).end, signal)
      return scopes.flatMap((scopeId) =>
        Array.from({ length: RESOURCES }, (_, r) => {
          const series = context.series.intern(`${metric.key} ${scopeId} ${r}`, () => ({
            scopeId,
            type: metric.type,
            unit: metric.unit,
            groupby: { id: `${scopeId}-${r}`, project_id: scopeId },
            metadata: { flavor_name: ['m1.small', 'm1.large', 'c1.large'][r % 3] },
          }))
          return periods.map(({ begin, end }) => {
            const quantity = new Decimal(BigInt(1 + ((r * 7 + begin / 3600) % 97)), 1)
            return { series, begin, end, quantity, price: ZERO, rules: [] }
          })
        }).flat(),
      )
    },
    async [Symbol.asyncDispose]() {},
  }),
}

async function holdBack(end, signal) {
  for (let waited = false; ; waited = true) {
    const until = await readFile(HOLD, 'utf8').catch(() => undefined)
    if (until === undefined || (waited && end <= Number(until))) return
    await sleep(100, undefined, { signal })
  }
}
