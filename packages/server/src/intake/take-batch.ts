import type { BatchId } from '../domain/snapshot.ts'
import { Fault, faultIn } from '../lib/fault.ts'
import { type Author, AuditTrail, type ChangeEntry } from '../state/audit.ts'
import type { Batches } from '../state/batches.ts'
import type { StateDatabase } from '../state/database.ts'
import { holdLease } from '../state/hold-lease.ts'
import type { BatchRows, PointStore } from '../storage/point-store.ts'
import { requireWhole } from '../storage/require-whole.ts'
import type { IntakeEvents, IntakeKind } from './events.ts'

export interface IntakeParts {
  readonly batches: Pick<Batches, 'begin' | 'renew' | 'commit' | 'abandon' | 'leaseSeconds'>
  readonly events: IntakeEvents
}

/** What comes from outside as one batch, and how it gets into the points store. */
export interface Intake<Written, Known> {
  readonly kind: IntakeKind
  readonly author: Author
  readonly signal: AbortSignal
  /** Writes all of it under this batch. The signal fires also when the batch is no longer this process's to write. */
  readonly write: (batch: BatchId, signal: AbortSignal) => Promise<Written>
  /** Where it is written, and how many rows of it must be there before it counts. */
  readonly store: Pick<PointStore, 'count'>
  readonly rows: (written: Written) => Partial<BatchRows>
  /** What the audit keeps of it. */
  readonly audit: (batch: BatchId, written: Written) => ChangeEntry
  /** For what may come again: by its name, or by its content. */
  readonly once?: Once<Known> | undefined
}

/** How one and the same thing is taken only once. */
interface Once<Known> {
  /** Inside the commit. Throws when it was noted meanwhile. */
  note(tx: StateDatabase, batch: BatchId): Promise<void>
  /** What was noted; undefined when nothing was. */
  find(): Promise<Known | undefined>
}

export type Taken<Written, Known> =
  | { readonly again: false; readonly batch: BatchId; readonly written: Written }
  /** Somebody else has taken it while this was written, which counts for nothing. */
  | { readonly again: true; readonly known: Known }

/**
 * Takes something as one batch: all of it is seen at once with its audit record, or nothing. What goes wrong is thrown after
 * the batch has been given up; `state.fenced` when that was done by others, because its lease had ended.
 */
export async function takeBatch<Written, Known = never>(
  { batches, events }: IntakeParts,
  { kind, author, signal, write, store, rows, audit, once }: Intake<Written, Known>,
): Promise<Taken<Written, Known>> {
  const batch = await batches.begin(kind)
  const trail = new AuditTrail(author)
  let written: { readonly all: Written } | undefined
  try {
    using lease = holdLease(batches, batch, { signal, onRenewFailed: events.leaseNotRenewed })
    const all = await write(batch, lease.signal)
    lease.signal.throwIfAborted()
    await requireWhole(store, batch, rows(all), lease.signal)
    written = { all }
    await batches.commit(batch, {
      rows: rows(all),
      async also(tx) {
        await once?.note(tx, batch)
        await trail.record(tx, audit(batch, all))
      },
    })
  } catch (error) {
    // The batch stays unseen all the same, and is given up by the next sweep after its lease has ended.
    await batches.abandon(batch).catch((failure: unknown) => events.notGivenUp(failure, batch))
    // Only the commit can have failed, perhaps because the same was taken meanwhile.
    const known = written === undefined ? undefined : await once?.find().catch(() => undefined)
    if (known !== undefined) {
      events.takenBefore(kind)
      return { again: true, known }
    }
    events.notTaken(kind, batch, error)
    throw explained(error, kind)
  }
  trail.tell()
  events.taken(kind, batch, rows(written.all))
  return { again: false, batch, written: written.all }
}

function explained(error: unknown, kind: string): unknown {
  const fault = faultIn(error)
  if (fault?.code !== 'state.fenced') return error
  return new Fault(
    'state.fenced',
    `What was ${kind} counts for nothing: this process was held up for longer than [processor] lease_seconds, and its batch ` +
      'was taken back. Do it again.',
    fault.detail,
    { cause: error, retryAfterSeconds: 1 },
  )
}
