import type { Instant } from './period.ts'

/** Number of a batch, from one sequence; ids become visible in order. */
export type BatchId = number

/** What a later commit has replaced or a reset has taken back: points of a scope in a time range, up to a batch. */
export interface Void {
  readonly scopeId: string
  /** Half-open, by the points' begin; an open end is undefined. */
  readonly begin: Instant
  readonly end: Instant | undefined
  /** Points of this batch and older ones are void. */
  readonly upTo: BatchId
}

/** What a reader may see, taken once per request: points of batches up to `highest`, less `hidden`, less `voids`. */
export interface Snapshot {
  readonly highest: BatchId
  /** Pending and abandoned batches at or below `highest`. */
  readonly hidden: readonly BatchId[]
  readonly voids: readonly Void[]
}

/** What the same reader would have seen, had a pending batch been committed, with the voids that come with it. */
export function withCommitted(snapshot: Snapshot, batch: BatchId, voids: readonly Void[]): Snapshot {
  return {
    highest: Math.max(snapshot.highest, batch),
    hidden: snapshot.hidden.filter((id) => id !== batch),
    voids: [...snapshot.voids, ...voids],
  }
}
