import type { Logger } from 'pino'
import type { Registry } from 'prom-client'
import type { BatchId } from '../domain/snapshot.ts'
import { countFamily } from '../lib/count-family.ts'
import { faultIn } from '../lib/fault.ts'
import type { BatchRows } from '../storage/point-store.ts'

export type IntakeEvents = ReturnType<typeof intakeEvents>

/** How usage comes: pushed by a client or a receiver, or from a file. */
export type IntakeKind = 'pushed' | 'imported'

/**
 * What happens while usage is taken in and is worth knowing: each event is counted and logged here and nowhere else, so that
 * `/metrics` and the log never disagree.
 */
export function intakeEvents(log: Pick<Logger, 'debug' | 'warn' | 'error'>, registry: Registry) {
  const batches = countFamily(
    registry,
    'cloudtabby_intake_batches_total',
    'Pushes and imports by kind and outcome: taken, again (it had been taken before), failed, lost',
    ['kind', 'outcome'],
  )
  const rows = countFamily(registry, 'cloudtabby_intake_rows_total', 'Points and samples that were taken in', ['what'])
  const renewals = countFamily(
    registry,
    'cloudtabby_intake_renewals_failed_total',
    'Leases of pushes and imports that could not be renewed when it was time to',
  )
  const receivers = countFamily(
    registry,
    'cloudtabby_receiver_failures_total',
    'Times that a receiver stopped though it was not told to, by receiver',
    ['receiver'],
  )
  return {
    /** Who did it stands in the audit, which is logged as well. */
    taken(kind: IntakeKind, batch: BatchId, { points = 0, samples = 0 }: Partial<BatchRows>): void {
      batches.inc({ kind, outcome: 'taken' })
      rows.inc({ what: 'points' }, points)
      rows.inc({ what: 'samples' }, samples)
      log.debug({ batch, points, samples }, `usage was ${kind}`)
    },

    takenBefore(kind: IntakeKind): void {
      batches.inc({ kind, outcome: 'again' })
      log.debug(`usage was ${kind} that had been taken before`)
    },

    /** Whoever sent it is told why. */
    notTaken(kind: IntakeKind, batch: BatchId, error: unknown): void {
      const isLost = faultIn(error)?.code === 'state.fenced'
      batches.inc({ kind, outcome: isLost ? 'lost' : 'failed' })
      if (isLost) log.warn({ batch }, `what was ${kind} was held up for longer than its lease, and counts for nothing`)
      else log.debug({ batch, err: error }, `what was ${kind} was not taken`)
    },

    leaseNotRenewed(this: void, error: unknown, batch: BatchId): void {
      renewals.inc()
      log.warn({ err: error, batch }, 'a lease could not be renewed')
    },

    /** It stays unseen all the same, and is given up by the sweep once its lease has ended. */
    notGivenUp(error: unknown, batch: BatchId): void {
      log.warn({ err: error, batch }, 'a batch could not be given up')
    },

    receiverStumbled(receiver: string, error: unknown, againSeconds: number): void {
      receivers.inc({ receiver })
      log.error({ err: error, receiver }, `a receiver stumbled and is run again in ${againSeconds} s`)
    },
  }
}
