import { z } from 'zod'
import { defineRoute, Reply } from '../../../http/route.ts'
import { WARNING, warningHeaders } from '../../../http/warning.ts'
import type { JsonValue } from '../../../http/json.ts'
import { arg } from '../../../http/v1-types.ts'
import { add, Decimal, formatDecimal, ZERO } from '../../../domain/decimal.ts'
import { type Frame, NO_RULES, type Point } from '../../../domain/point.ts'
import { type AttributeValue, toSeries } from '../../../domain/series.ts'
import { Fault } from '../../../lib/fault.ts'
import type { Rater } from '../../../rating/rating-module.ts'
import type { RatingPipeline } from '../../../rating/rating-pipeline.ts'
import { unpricedRemedy, UnpricedTally } from '../../../rating/unpriced.ts'
import { toAttributes } from '../../to-attributes.ts'
import type { Base } from './module-object.ts'

export interface QuoteDeps {
  readonly pipeline: Pick<RatingPipeline, 'load'>
  readonly periodSeconds: number
  readonly clock: () => Date
}

/** Types and reasons that the header names. */
const WARNINGS = 3

type Scalar = string | number | boolean | null
const Desc = z.record(z.string(), arg.attribute())
const Resource = z.strictObject({
  service: arg.text({ min: 1 }),
  desc: Desc,
  volume: arg.decimal({ places: 18, whole: 20 }),
})

/** What it would cost: rated as usage of the present period, without a tenant, by the rules as they stand now. */
export function postQuote(base: Base) {
  return defineRoute<QuoteDeps>()({
    family: 'v1',
    method: 'POST',
    path: `${base}/quote`,
    policy: 'rating:quote',
    operationId: 'getQuote',
    summary: 'The price of resources that are not used yet',
    description:
      '`desc.groupby` and `desc.metadata` are attributes as usage has them; so is any flat text, number or boolean in ' +
      '`desc`. The answer is the sum as a text. Resources that no rule is for cost nothing; a header `Warning` names them.',
    body: z.strictObject({ resources: z.array(Resource).max(10_000, 'at most 10000 resources') }),
    bodyName: 'res_data',
    reply: { status: 200, schema: z.string().meta({ format: 'decimal', examples: ['1.25'] }), headers: WARNING },
    async handle({ pipeline, periodSeconds, clock }, { body, request }) {
      // Rules are exact to the microsecond: the second that is under way began before what was made in it.
      const begin = Math.ceil(clock().getTime() / 1000)
      const period = { begin, end: begin + periodSeconds }
      const points = body.resources.map(({ service, desc, volume }): Point => {
        const series = toSeries({ scopeId: '', type: service, unit: 'undef', ...toQuotedAttributes(desc) })
        return { series, ...period, quantity: volume, price: ZERO, rules: NO_RULES }
      })
      const rater = await pipeline.load()
      const [rated] = await priced(rater, { scopeId: undefined, period, points }, request.signal)
      const sum = formatDecimal(rated!.points.reduce((total, point) => add(total, point.price), ZERO))
      const unpriced = new UnpricedTally()
      unpriced.count(rated!.points, (point) => rater.whyUnpriced(point, undefined))
      return new Reply(sum, { headers: warningHeaders(unpriced.usages.slice(0, WARNINGS).map(unpricedRemedy)) })
    },
  })
}

/** What cannot be priced is the caller's fault, who made up the usage. */
async function priced(rater: Rater, frame: Frame, signal: AbortSignal): Promise<readonly Frame[]> {
  try {
    return await rater.rate([frame], { signal })
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== 'rating.failed') throw error
    throw error.passedOn('request.invalid', error.message)
  }
}

/**
 * CloudKitty reads `desc.groupby` and `desc.metadata` only; its dashboard sends flat keys, which its rules therefore never
 * see. Here flat keys count as metadata, and the explicit objects win.
 */
function toQuotedAttributes(desc: Record<string, JsonValue>): {
  groupby: Record<string, AttributeValue>
  metadata: Record<string, AttributeValue>
} {
  const flat = Object.fromEntries(Object.entries(desc).filter(([, value]) => isScalar(value)))
  const groupby = toAttributes(asObject(desc['groupby']))
  const metadata = { ...toAttributes(flat), ...toAttributes(asObject(desc['metadata'])) }
  return { groupby, metadata }
}

function isScalar(value: JsonValue): value is Scalar | Decimal {
  return value === null || typeof value !== 'object' || value instanceof Decimal
}

function asObject(value: JsonValue | undefined): Record<string, JsonValue> {
  return value === undefined || isScalar(value) || Array.isArray(value) ? {} : value
}
