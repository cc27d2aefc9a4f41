import type { BatchId } from '../domain/snapshot.ts'
import { Fault } from '../lib/fault.ts'
import type { Batches } from './batches.ts'

export interface HoldOptions {
  readonly signal: AbortSignal
  /** A renewal that failed; the next one may do. */
  readonly onRenewFailed?: ((error: unknown, batch: BatchId) => void) | undefined
}

/** Keeps a batch's leases alive until it is disposed of. Its signal tells, with `state.fenced`, when the batch is not ours any more. */
export function holdLease(
  batches: Pick<Batches, 'renew' | 'leaseSeconds'>,
  batch: BatchId,
  { signal, onRenewFailed }: HoldOptions,
): Disposable & { readonly signal: AbortSignal } {
  const fence = new AbortController()
  const heartbeat = setInterval(
    () => {
      batches.renew(batch).then(
        (held) => held || fence.abort(new Fault('state.fenced', `batch ${batch} was taken over`, { batch })),
        (error: unknown) => onRenewFailed?.(error, batch),
      )
    },
    (batches.leaseSeconds * 1000) / 3,
  )
  return {
    signal: AbortSignal.any([signal, fence.signal]),
    [Symbol.dispose]: () => clearInterval(heartbeat),
  }
}
