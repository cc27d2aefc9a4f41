import type { Batches } from '../state/batches.ts'
import type { PointStore } from '../storage/point-store.ts'

/**
 * Deletes from the points store what no reader can see any more: void points, and what abandoned batches left. Again is
 * harmless, and so is a crash in between: what was not noted as swept is swept again.
 */
export async function sweep(batches: Batches, store: PointStore, signal?: AbortSignal): Promise<void> {
  const gone = await batches.sweepable()
  if (gone.batches.length === 0 && gone.tombstones.length === 0) return
  await store.deleteBatches(
    gone.batches.map((batch) => batch.id),
    signal,
  )
  await store.deleteTombstones(gone.tombstones, signal)
  await batches.swept(gone)
}
