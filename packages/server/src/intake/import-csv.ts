import { type CsvProgress, checkCsv, writeCsv } from './csv.ts'
import { Fault, faultIn } from '../lib/fault.ts'
import { AuditTrail } from '../state/audit.ts'
import type { Batches } from '../state/batches.ts'
import { holdLease } from '../state/hold-lease.ts'
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
  const { path, leaseSeconds, who, signal, ...source } = options
  const summary = await checkCsv({ path, signal, ...source })
  const known = await imports.find(summary.digest)
  if (known) return { ...known, again: true }

  const batch = await batches.begin('imported')
  using lease = holdLease(batches, batch, { leaseSeconds, signal })
  try {
    await writeCsv(
      { path, signal: lease.signal, ...source, write: (samples) => store.writeSamples(batch, samples, lease.signal) },
      summary,
    )
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
    if (faultIn(error)?.code !== 'state.fenced') throw error
    const reason = `state did not hear from this import for ${leaseSeconds} seconds and took it for dead`
    throw new Fault('state.fenced', `${reason}; nothing of ${path} was taken: import it again`, { batch })
  }
}
