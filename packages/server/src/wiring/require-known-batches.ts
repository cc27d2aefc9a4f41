import { Fault } from '../lib/fault.ts'
import type { Batches } from '../state/batches.ts'
import type { PointStore } from '../storage/point-store.ts'

/**
 * Throws `state.older_than_points` when the points store holds batches that state never gave a number: their numbers are
 * going to be given again, and what they left would then count. Asked in this order, other processes at work do no harm.
 */
export async function requireKnownBatches(batches: Batches, store: PointStore): Promise<void> {
  const newest = await store.highestBatch()
  const { highest } = await batches.snapshot()
  if (newest <= highest) return
  throw new Fault(
    'state.older_than_points',
    `the points store holds batches up to ${newest}, and state knows of ${highest} only: either [state] and [storage] do not belong ` +
      'together, or state came back from an older copy than the points; in the latter case `cloudtabbyd reconcile` shows and ' +
      'deletes what state does not know, which is rated again then',
    { newest, highest },
  )
}
