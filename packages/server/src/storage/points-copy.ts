import type { BatchId } from '../domain/snapshot.ts'

/** What lies in a folder that an embedded points store was copied to. */
export interface PointsCopy {
  readonly engine: 'duckdb'
  /** Of the tables. */
  readonly version: number
  /** The newest batch whose points may be in it. */
  readonly upTo: BatchId
  /** By table. */
  readonly rows: Readonly<Record<string, number>>
}

export interface CopyOptions {
  readonly signal: AbortSignal
  /** In rows, of all tables together. */
  readonly onProgress: (progress: { readonly done: number; readonly total: number }) => void
}

export type RestoreOptions = CopyOptions
