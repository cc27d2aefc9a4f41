import type { Instant, Period } from './period.ts'

/** Number of a batch, from one sequence; ids become visible in order. */
export type BatchId = number

/** What a later commit has replaced or a reset has taken back: points of a scope in a time range, up to a batch. */
export interface Tombstone {
  readonly scopeId: string
  /** Half-open, by the points' begin; an open end is undefined. */
  readonly begin: Instant
  readonly end: Instant | undefined
  /** Points of this batch and older ones are void. */
  readonly upTo: BatchId
}

/** What a reader may see, taken once per request: points of batches up to `highest`, less `hidden`, less `tombstones`. */
export interface Snapshot {
  readonly highest: BatchId
  /** Pending and abandoned batches at or below `highest`. */
  readonly hidden: readonly BatchId[]
  readonly tombstones: readonly Tombstone[]
}

/** Later than any instant: stands for an open end where a number must. */
export const OPEN_END = Number.MAX_SAFE_INTEGER

/** Those of the batches that a reader must leave out by their ids, as all above `highest` are left out anyway. */
export function hiddenBelow({ highest, hidden }: Snapshot): readonly BatchId[] {
  return hidden.filter((batch) => batch <= highest)
}

/** The tombstones that matter to who asks for points that begin in a period. */
export function tombstonesWithin({ tombstones }: Snapshot, { begin, end }: Period): readonly Tombstone[] {
  return tombstones.filter((one) => one.begin < end && (one.end ?? OPEN_END) > begin)
}

/** What the same reader would have seen, had a pending batch been committed, with the tombstones that come with it. */
export function withCommitted(snapshot: Snapshot, batch: BatchId, tombstones: readonly Tombstone[]): Snapshot {
  return {
    highest: Math.max(snapshot.highest, batch),
    hidden: snapshot.hidden.filter((id) => id !== batch),
    tombstones: [...snapshot.tombstones, ...tombstones],
  }
}
