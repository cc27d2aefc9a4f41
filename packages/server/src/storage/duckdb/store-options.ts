import type { BatchId } from '../../domain/snapshot.ts'
import type { Rest } from './stored-value.ts'

/** Where a store's ways part; nothing but speed depends on it. */
export interface StoreOptions {
  /** Points that are put in order at a time, `RUN_POINTS` by default. */
  readonly runPoints?: number
  /** Sums that are grouped in this process at most, `MOST_SUMS` by default; more are grouped by DuckDB. */
  readonly mostSums?: number
  /** Series up to which nobody asks whether scopes would do to sum by, `SCOPES_ABOVE` by default. */
  readonly scopesAbove?: number
}

/** What a store knows of its file when it is opened. */
export interface StoreStart extends Required<StoreOptions> {
  readonly series: number
  readonly ruleSets: number
  readonly sampleSeries: number
  readonly widest: Rest
  readonly points: number
  readonly unordered: { points: number; last: BatchId }
}
