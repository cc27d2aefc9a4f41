import { createHash, type Hash } from 'node:crypto'
import { z } from 'zod'
import { defineRoute } from '../../../http/route.ts'
import type { Principal } from '../../../domain/principal.ts'
import type { SeriesRegistry } from '../../../domain/series.ts'
import { Fault } from '../../../lib/fault.ts'
import { type AuthorDeps, authorOf, AuditTrail } from '../../../state/audit.ts'
import type { Batches } from '../../../state/batches.ts'
import type { StateDatabase } from '../../../state/database.ts'
import { IdempotencyKeys } from '../../../state/idempotency-keys.ts'
import type { PointStore } from '../../../storage/point-store.ts'
import { PushedPoints } from './pushed-point.ts'
import { readFrames } from './read-frames.ts'

export interface PushDeps extends AuthorDeps {
  readonly points: Pick<PointStore, 'write'>
  readonly batches: Pick<Batches, 'begin' | 'renew' | 'commit' | 'abandon'>
  readonly idempotencyKeys: Pick<IdempotencyKeys, 'find'>
  readonly scopeKey: string
  /** Of pushed points only, and small: a body may hold as many series as points. */
  readonly pushedSeries: SeriesRegistry
}

/** Points that are written at a time: what a push needs in memory, however long its body is. */
const WRITE_SIZE = 5_000
const KEY_LENGTH_MAX = 255

const scalar = z.union([z.number(), z.string()])
const isoText = z.string().meta({ format: 'date-time', description: 'ISO 8601; UTC unless it says otherwise.' })
const PointIn = z.strictObject({
  vol: z.strictObject({ unit: z.string(), qty: scalar }),
  rating: z.strictObject({ price: scalar.optional() }).optional(),
  groupby: z.record(z.string(), z.unknown()),
  metadata: z.record(z.string(), z.unknown()),
})
const FrameIn = z.strictObject({
  period: z.strictObject({ begin: isoText, end: isoText }),
  usage: z.record(z.string(), z.array(PointIn)),
})

export const postDataframes = defineRoute<PushDeps>()({
  family: 'v2',
  method: 'POST',
  path: '/v2/dataframes',
  policy: 'dataframes:add',
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
    const key = idempotencyKey(request.header('idempotency-key'), who)
    const digest = createHash('sha256')
    const body = key === undefined ? request.body : hashed(request.body, digest)
    const known = key === undefined ? undefined : await deps.idempotencyKeys.find(key)
    if (known !== undefined) {
      for await (const chunk of body) void chunk
      requireSame(known, digest.digest('hex'))
      return undefined
    }
    const batch = await deps.batches.begin('pushed')
    const trail = new AuditTrail(authorOf({ who, request }, deps))
    let count = 0
    let sum: string | undefined
    try {
      const pushed = new PushedPoints(deps.scopeKey, deps.pushedSeries)
      for await (const points of readFrames(body, pushed, WRITE_SIZE)) {
        request.signal.throwIfAborted()
        // Nearly all bodies are one group: then the lease that the batch began with is enough.
        if (count > 0) await deps.batches.renew(batch)
        await deps.points.write(batch, points, request.signal)
        count += points.length
      }
      const after = { points: count }
      const also = (tx: StateDatabase) =>
        trail.record(tx, { action: 'push', kind: 'dataframes', target: `batch ${batch}`, after })
      if (key === undefined) await deps.batches.commit(batch, { also })
      else {
        const entry = { key, digest: (sum = digest.digest('hex')), batch }
        await deps.batches.commit(batch, {
          async also(tx) {
            await IdempotencyKeys.record(tx, entry)
            await also(tx)
          },
        })
      }
      trail.tell()
    } catch (error) {
      await deps.batches.abandon(batch)
      if (key === undefined || sum === undefined) throw error
      // Only the commit can have failed, perhaps because the same key was used meanwhile: then this is the repetition.
      const meanwhile = await deps.idempotencyKeys.find(key)
      if (meanwhile === undefined) throw error
      requireSame(meanwhile, sum)
    }
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

async function* hashed(body: AsyncIterable<Uint8Array>, digest: Hash): AsyncGenerator<Uint8Array> {
  for await (const chunk of body) {
    digest.update(chunk)
    yield chunk
  }
}

function requireSame(known: string, digest: string): void {
  if (known === digest) return
  throw new Fault('request.conflict', 'This Idempotency-Key was used for another body.')
}
