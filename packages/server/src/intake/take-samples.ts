import type { Sample } from '../domain/sample.ts'
import { Fault } from '../lib/fault.ts'
import type { Author } from '../state/audit.ts'
import type { PointStore } from '../storage/point-store.ts'
import { type IntakeParts, takeBatch } from './take-batch.ts'

/** Samples that are written at a time. */
const WRITE_SIZE = 5_000

export interface TakeParts extends IntakeParts {
  readonly store: Pick<PointStore, 'writeSamples' | 'count'>
}

export interface TakeOptions {
  /** The label that says who is billed; every sample must have it. */
  readonly scopeKey: string
  readonly author: Author
  readonly signal: AbortSignal
}

/** Takes samples as one batch: all of them are seen at once, or nothing. */
export async function takeSamples(
  parts: TakeParts,
  samples: Iterable<Sample> | AsyncIterable<Sample>,
  { scopeKey, author, signal }: TakeOptions,
): Promise<void> {
  const { store } = parts
  await takeBatch(parts, {
    kind: 'pushed',
    author,
    signal,
    async write(batch, lease) {
      let count = 0
      let group: Sample[] = []
      const write = async () => {
        lease.throwIfAborted()
        await store.writeSamples(batch, group, lease)
        count += group.length
        group = []
      }
      for await (const sample of samples) {
        requireLabel(sample, scopeKey)
        if (group.push(sample) === WRITE_SIZE) await write()
      }
      if (group.length > 0) await write()
      return count
    },
    store,
    rows: (count) => ({ samples: count }),
    audit: (batch, count) => ({
      action: 'push',
      kind: 'samples',
      target: `batch ${batch}`,
      after: { samples: count },
    }),
  })
}

function requireLabel({ name, labels }: Sample, scopeKey: string): void {
  if (labels[scopeKey]) return
  throw new Fault('import.invalid', `a sample of ${name} has no label ${scopeKey}, which says who is billed`)
}
