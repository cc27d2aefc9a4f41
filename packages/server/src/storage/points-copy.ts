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

/** A points store in this process, which can be copied while it is written and read. */
export interface CopiedStore {
  /**
   * Copies all that batches up to `upTo` have left, seen or not, as it is when the call is made, into a new folder. What
   * is written, swept or dropped meanwhile changes nothing in the copy. When it throws, the folder holds a part.
   */
  copyTo(folder: string, upTo: BatchId, options: CopyOptions): Promise<PointsCopy>
}
