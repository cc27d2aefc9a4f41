import { createHash } from 'node:crypto'
import { z } from 'zod'
import { defineRoute } from '../../../http/route.ts'
import type { Principal } from '../../../domain/principal.ts'
import type { SeriesRegistry } from '../../../domain/series-registry.ts'
import { Fault } from '../../../lib/fault.ts'
import { type PushParts, pushPoints } from '../../../intake/push-points.ts'
import { type AuthorDeps, authorOf } from '../../../state/audit.ts'
import { PushedPoints } from './pushed-point.ts'
import { readFrames } from './read-frames.ts'

export interface PushDeps extends AuthorDeps, PushParts {
  readonly scopeKey: string
  /** Of pushed points only, and small: a body may hold as many series as points. */
  readonly pushedSeries: SeriesRegistry
}

/** Points that are written at a time: what a push needs in memory, however long its body is. */
const WRITE_SIZE = 5_000
const KEY_LENGTH_MAX = 255

const scalar = z.union([z.number(), z.string()]).meta({ format: 'decimal', description: 'Every digit counts.' })
const isoText = z.string().meta({ format: 'date-time', description: 'ISO 8601; UTC unless it says otherwise.' })
const PointIn = z
  .strictObject({
    vol: z.strictObject({ unit: z.string(), qty: scalar }),
    rating: z.strictObject({ price: scalar.optional() }).optional(),
    groupby: z.record(z.string(), z.unknown()),
    metadata: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'NewPoint' })
const FrameIn = z
  .strictObject({
    period: z.strictObject({ begin: isoText, end: isoText }),
    usage: z.record(z.string(), z.array(PointIn)).describe('By metric type.'),
  })
  .meta({ id: 'NewDataframe' })

export const postDataframes = defineRoute<PushDeps>()({
  family: 'v2',
  method: 'POST',
  path: '/v2/dataframes',
  policy: 'dataframes:add',
  operationId: 'addDataframes',
  summary: 'Store points as they are given',
  description:
    'No rule is applied. All points of the body become visible at once, or, when one of them is refused, none. A repeated ' +
    '`Idempotency-Key` with the same body changes nothing; with another body it is refused.',
  headers: { 'Idempotency-Key': z.string().min(1).max(KEY_LENGTH_MAX).optional() },
  body: z.strictObject({ dataframes: z.array(FrameIn).min(1) }),
  streams: true,
  reply: { status: 204 },
  errors: [409],
  async handle(deps, { who, request }) {
    const pushed = new PushedPoints(deps.scopeKey, deps.pushedSeries)
    await pushPoints(deps, {
      body: request.body,
      read: (body) => readFrames(body, pushed, WRITE_SIZE),
      key: idempotencyKey(request.header('idempotency-key'), who),
      author: authorOf({ who, request }, deps),
      signal: request.signal,
    })
    return undefined
  },
})

/** Keys of one project do not meet those of another. */
function idempotencyKey(given: string | undefined, who: Principal): string | undefined {
  if (given === undefined) return undefined
  if (given === '' || given.length > KEY_LENGTH_MAX) {
    throw new Fault('request.invalid', `Idempotency-Key must have from 1 to ${KEY_LENGTH_MAX} characters.`)
  }
  return createHash('sha256')
    .update(`${who.projectId ?? ''}\0${given}`)
    .digest('hex')
}
