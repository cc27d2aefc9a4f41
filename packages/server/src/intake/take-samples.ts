import type { Sample } from '../domain/sample.ts'
import { Fault } from '../lib/fault.ts'
import { type Author, AuditTrail } from '../state/audit.ts'
import type { Batches } from '../state/batches.ts'
import type { PointStore } from '../storage/point-store.ts'

/** Samples that are written at a time. */
const WRITE_SIZE = 5_000

export interface TakeParts {
  readonly batches: Batches
  readonly store: PointStore
}

/** Takes samples as one batch: all of them are seen at once, or nothing. Each must have the label that says who is billed. */
export async function takeSamples(
  { batches, store }: TakeParts,
  samples: Iterable<Sample> | AsyncIterable<Sample>,
  { scopeKey, author }: { readonly scopeKey: string; readonly author: Author },
): Promise<void> {
  const batch = await batches.begin('pushed')
  try {
    let count = 0
    let group: Sample[] = []
    const write = async () => {
      if (count > 0) await batches.renew(batch)
      await store.writeSamples(batch, group)
      count += group.length
      group = []
    }
    for await (const sample of samples) {
      if (!sample.labels[scopeKey]) {
        throw new Fault(
          'import.invalid',
          `a sample of ${sample.name} has no label ${scopeKey}, which says who is billed`,
        )
      }
      if (group.push(sample) === WRITE_SIZE) await write()
    }
    if (group.length > 0) await write()
    const trail = new AuditTrail(author)
    const entry = { action: 'push', kind: 'samples', target: `batch ${batch}`, after: { samples: count } } as const
    await batches.commit(batch, { also: (tx) => trail.record(tx, entry) })
    trail.tell()
  } catch (error) {
    await batches.abandon(batch)
    throw error
  }
}
