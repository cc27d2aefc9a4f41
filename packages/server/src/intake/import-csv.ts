import { type CsvProgress, checkCsv, writeCsv } from './csv.ts'
import { AuditTrail } from '../state/audit.ts'
import type { Batches } from '../state/batches.ts'
import { type Import, Imports } from '../state/imports.ts'
import type { PointStore } from '../storage/point-store.ts'

export interface ImportParts {
  readonly batches: Batches
  readonly imports: Imports
  readonly store: PointStore
}

export interface ImportOptions {
  readonly path: string
  /** The label that every sample must have. */
  readonly scopeKey: string
  readonly leaseSeconds: number
  /** Who imports, for the audit. */
  readonly who: string
  readonly signal: AbortSignal
  readonly onProgress?: (progress: CsvProgress) => void
}

/**
 * Takes a CSV file of samples as one batch: all of it is seen at once, or nothing. The same content again changes nothing
 * (`again` is true then). Throws `import.invalid` with every faulty line.
 */
export async function importFile(parts: ImportParts, options: ImportOptions): Promise<Import & { again: boolean }> {
  const { batches, imports, store } = parts
  const { path, leaseSeconds, who, ...source } = options
  const summary = await checkCsv({ path, ...source })
  const known = await imports.find(summary.digest)
  if (known) return { ...known, again: true }

  const batch = await batches.begin('imported')
  const heartbeat = setInterval(() => void batches.renew(batch).catch(() => {}), (leaseSeconds * 1000) / 3)
  try {
    await writeCsv({ path, ...source, write: (samples) => store.writeSamples(batch, samples, options.signal) }, summary)
    const entry = {
      digest: summary.digest,
      name: path,
      batch,
      rows: summary.rows,
      firstAt: summary.first,
      lastAt: summary.last,
    }
    await batches.commit(batch, {
      also: async (tx) => {
        await Imports.record(tx, entry)
        const after = { name: path, batch, rows: summary.rows }
        await new AuditTrail({ who }).record(tx, { action: 'create', kind: 'import', target: summary.digest, after })
      },
    })
    return { ...entry, again: false }
  } catch (error) {
    await batches.abandon(batch)
    throw error
  } finally {
    clearInterval(heartbeat)
  }
}
