import type { Logger } from 'pino'
import type { BatchId } from '../domain/snapshot.ts'
import { Fault } from '../lib/fault.ts'
import type { Batches } from '../state/batches.ts'

/** Keeps a batch's leases alive until it is disposed of. Its signal tells when the batch is not ours any more. */
export function holdLease(
  batches: Batches,
  batch: BatchId,
  { leaseSeconds, signal, log }: { leaseSeconds: number; signal: AbortSignal; log: Logger },
): Disposable & { readonly signal: AbortSignal } {
  const fence = new AbortController()
  const heartbeat = setInterval(
    () => {
      batches.renew(batch).then(
        (held) => held || fence.abort(new Fault('state.fenced', `batch ${batch} was taken over`, { batch })),
        (error: unknown) => log.warn({ err: error, batch }, 'a lease could not be renewed'),
      )
    },
    (leaseSeconds * 1000) / 3,
  )
  return {
    signal: AbortSignal.any([signal, fence.signal]),
    [Symbol.dispose]: () => clearInterval(heartbeat),
  }
}
