/** A rating module: takes a percentage off what the modules before it asked for, by scope. It has a table and routes of its own. */
import { fileURLToPath } from 'node:url'
import { decimal, formatDecimal, mul, ONE, PRICE_DIGITS, subtract } from '@cloudtabby/server/domain/decimal'
import { defineRoute } from '@cloudtabby/server/http/route'
import { arg } from '@cloudtabby/server/http/v1-types'
import { option } from '@cloudtabby/server/lib/option'
import { moduleConfig } from '@cloudtabby/server/rating/module-config'
import { defineRatingModule } from '@cloudtabby/server/rating/rating-module'
import { eq } from 'drizzle-orm'
import { numeric, pgTable, text } from 'drizzle-orm/pg-core'
import { z } from 'zod'

const discounts = pgTable('discount_discounts', {
  scopeId: text('scope_id').primaryKey(),
  percent: numeric('percent', { precision: 5, scale: 2 }).notNull(),
})

const PATH = '/v1/rating/module_config/discount/discounts/{scope_id}'

const getDiscount = defineRoute()({
  ...moduleConfig,
  method: 'GET',
  path: PATH,
  summary: 'The discount of a scope, in percent',
  args: { scope_id: arg.text() },
  reply: { status: 200, schema: z.string() },
  async handle({ db }, { args }) {
    const [row] = await db.select().from(discounts).where(eq(discounts.scopeId, args.scope_id))
    return row?.percent ?? '0.00'
  },
})

const putDiscount = defineRoute()({
  ...moduleConfig,
  method: 'PUT',
  path: PATH,
  summary: 'Set the discount of a scope, in percent',
  args: { scope_id: arg.text() },
  body: z.strictObject({ percent: arg.decimal({ places: 2, whole: 3 }) }),
  bodyName: 'discount',
  reply: { status: 204 },
  async handle({ db }, { args, body }) {
    const percent = formatDecimal(body.percent)
    const row = { scopeId: args.scope_id, percent }
    await db.insert(discounts).values(row).onConflictDoUpdate({ target: discounts.scopeId, set: { percent } })
  },
})

export const plugin = defineRatingModule({
  name: 'discount',
  options: z.object({
    general: option.text().default('0').describe('Percentage that every scope gets which has no discount of its own'),
  }),
  migrations: fileURLToPath(new URL('discount-migrations', import.meta.url)),
  create: ({ general }, { db }) => ({
    name: 'discount',
    description: 'Takes a percentage off.',
    configurable: true,
    routes: [getDiscount, putDiscount],
    services: async () => ['everything'],
    async load() {
      const rows = await db.select().from(discounts)
      const percents = new Map(rows.map(({ scopeId, percent }) => [scopeId, percent]))
      return {
        rate: (frames) =>
          frames.map((frame) => {
            const percent = decimal(percents.get(frame.scopeId) ?? general)
            const share = subtract(ONE, mul(percent, decimal('0.01')))
            const points = frame.points.map((point) => ({
              ...point,
              price: mul(point.price, share, PRICE_DIGITS),
              rules: [...point.rules, 'discount'],
            }))
            return { ...frame, points }
          }),
      }
    },
    async [Symbol.asyncDispose]() {
      process.stderr.write('The discounts are closed.\n')
    },
  }),
})
