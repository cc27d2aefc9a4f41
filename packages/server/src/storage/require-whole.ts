import { setTimeout as sleep } from 'node:timers/promises'
import type { BatchId } from '../domain/snapshot.ts'
import { Fault } from '../lib/fault.ts'
import type { PointStore, BatchRows } from './point-store.ts'

/**
 * To be asked before state makes a batch count: throws `storage.incomplete` unless the store has exactly as many rows of it
 * as were handed over. The batch is to be abandoned then. Of fewer it counts again for some seconds: a replica may be behind.
 */
export async function requireWhole(
  store: Pick<PointStore, 'count'>,
  batch: BatchId,
  { points = 0, samples = 0 }: Partial<BatchRows>,
  signal?: AbortSignal,
  waitsMs: readonly number[] = WAITS_MS,
): Promise<void> {
  let found = await store.count(batch, signal)
  for (const wait of waitsMs) {
    if (found.points >= points && found.samples >= samples) break
    await sleep(wait, undefined, signal && { signal }).catch(() => signal?.throwIfAborted())
    found = await store.count(batch, signal)
  }
  if (found.points === points && found.samples === samples) return
  const handed = `${points} points and ${samples} samples`
  throw new Fault(
    'storage.incomplete',
    `the points store has ${found.points} points and ${found.samples} samples of batch ${batch}, not the ${handed} that were written`,
    { batch, ...found },
    { retryAfterSeconds: RETRY_AFTER_SECONDS },
  )
}

const WAITS_MS = [100, 400, 1500]
const RETRY_AFTER_SECONDS = 5
