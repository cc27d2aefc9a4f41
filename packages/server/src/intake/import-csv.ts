import type { BatchId } from '../domain/snapshot.ts'
import { type Import, Imports, recordImport } from '../state/imports.ts'
import type { PointStore } from '../storage/point-store.ts'
import { type CsvProgress, type CsvSummary, checkCsv, writeCsv } from './csv.ts'
import type { SampleNeeds } from './sample-doubts.ts'
import { type IntakeParts, takeBatch } from './take-batch.ts'

export interface ImportParts extends IntakeParts {
  readonly imports: Pick<Imports, 'find'>
  readonly store: Pick<PointStore, 'writeSamples' | 'count'>
}

export interface ImportOptions {
  readonly path: string
  /** The label that every sample must have. */
  readonly scopeKey: string
  /** A cell may have so many bytes. */
  readonly textBytesMax?: number
  /** Who imports, for the audit. */
  readonly who: string
  readonly signal: AbortSignal
  /** As of `CsvSource`. */
  readonly needs?: SampleNeeds | undefined
  readonly onProgress?: (progress: CsvProgress) => void
}

/** A file that was taken, now or before. */
export interface Imported extends Import, Pick<CsvSummary, 'scopes' | 'names' | 'doubts'> {
  /** It had been imported before, and nothing was done now. */
  readonly again: boolean
}

/**
 * Takes a CSV file of samples as one batch: all of it is seen at once, or nothing. The same content again changes nothing.
 * Throws `import.invalid` with every faulty line.
 */
export async function importFile(parts: ImportParts, options: ImportOptions): Promise<Imported> {
  const { imports, store, events } = parts
  const { path, who, signal, ...source } = options
  const summary = await checkCsv({ path, signal, ...source })
  const { digest, rows, first, last, scopes, names, doubts } = summary
  const seen = { scopes, names, doubts }
  const known = await imports.find(digest)
  if (known) {
    events.takenBefore('imported')
    return { ...known, again: true, ...seen }
  }
  const entry = (batch: BatchId): Import => ({ digest, name: path, batch, rows, firstAt: first, lastAt: last })
  const taken = await takeBatch(parts, {
    kind: 'imported',
    author: { who },
    signal,
    write: (batch, lease) =>
      writeCsv(
        { path, signal: lease, ...source, write: (samples) => store.writeSamples(batch, samples, lease) },
        summary,
      ),
    store,
    rows: () => ({ samples: rows }),
    audit: (batch) => ({ action: 'create', kind: 'import', target: digest, after: { name: path, batch, rows } }),
    once: { note: (tx, batch) => recordImport(tx, entry(batch)), find: () => imports.find(digest) },
  })
  return taken.again ? { ...taken.known, again: true, ...seen } : { ...entry(taken.batch), again: false, ...seen }
}
