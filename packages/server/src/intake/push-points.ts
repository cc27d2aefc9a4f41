import { createHash, type Hash } from 'node:crypto'
import type { Point } from '../domain/point.ts'
import { Fault } from '../lib/fault.ts'
import type { Author } from '../state/audit.ts'
import { IdempotencyKeys, recordIdempotencyKey } from '../state/idempotency-keys.ts'
import type { PointStore } from '../storage/point-store.ts'
import { type IntakeParts, takeBatch } from './take-batch.ts'

export interface PushParts extends IntakeParts {
  readonly points: Pick<PointStore, 'write' | 'count'>
  readonly idempotencyKeys: Pick<IdempotencyKeys, 'find'>
}

/** Priced points from outside, as the bytes that bring them. */
export interface Push {
  readonly body: AsyncIterable<Uint8Array>
  /** Reads the body, in groups of a size that fits into memory; throws what is wrong with it. */
  readonly read: (body: AsyncIterable<Uint8Array>) => AsyncIterable<readonly Point[]>
  /** The client's name for this push, the same each time it is sent; undefined: it is taken as often as it comes. */
  readonly key: string | undefined
  readonly author: Author
  readonly signal: AbortSignal
}

/**
 * Stores points as they are given: all of them are seen at once, or none. With a key the same body is taken once; throws
 * `request.conflict` for another body under a key that was used.
 */
export async function pushPoints(parts: PushParts, { body, read, key, author, signal }: Push): Promise<void> {
  const { points, idempotencyKeys } = parts
  const digest = key === undefined ? undefined : createHash('sha256')
  const bytes = digest ? hashed(body, digest) : body
  const known = key === undefined ? undefined : await idempotencyKeys.find(key)
  if (digest && known !== undefined) {
    for await (const chunk of bytes) void chunk
    requireSame(known, digest.digest('hex'))
    parts.events.takenBefore('pushed')
    return
  }
  let sum = ''
  const taken = await takeBatch(parts, {
    kind: 'pushed',
    author,
    signal,
    async write(batch, lease) {
      let count = 0
      for await (const group of read(bytes)) {
        lease.throwIfAborted()
        await points.write(batch, group, lease)
        count += group.length
      }
      sum = digest?.digest('hex') ?? ''
      return count
    },
    store: points,
    rows: (count) => ({ points: count }),
    audit: (batch, count) => ({
      action: 'push',
      kind: 'dataframes',
      target: `batch ${batch}`,
      after: { points: count },
    }),
    once:
      key === undefined
        ? undefined
        : {
            note: (tx, batch) => recordIdempotencyKey(tx, { key, digest: sum, batch }),
            find: () => idempotencyKeys.find(key),
          },
  })
  if (taken.again) requireSame(taken.known, sum)
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
