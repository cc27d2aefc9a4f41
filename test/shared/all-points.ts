import type { Point } from '../../packages/server/src/domain/point.ts'
import type { Snapshot } from '../../packages/server/src/domain/snapshot.ts'
import type { PointStore } from '../../packages/server/src/storage/point-store.ts'

/** Hides nothing: what readers may see, what is pending, and what was abandoned and is not swept yet. */
export const UNHIDDEN: Snapshot = { highest: Number.MAX_SAFE_INTEGER, hidden: [], tombstones: [] }

export async function allPoints(store: PointStore, snapshot: Snapshot): Promise<readonly Point[]> {
  const everything = { begin: 0, end: 2 ** 32, types: [], attributes: new Map(), offset: 0, limit: undefined }
  return (await store.retrieve(everything, snapshot)).points
}
