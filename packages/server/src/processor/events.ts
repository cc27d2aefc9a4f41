import type { Logger } from 'pino'
import { Gauge, Histogram, type Registry } from 'prom-client'
import { formatInstant, type Instant, type Period } from '../domain/period.ts'
import type { BatchId } from '../domain/snapshot.ts'
import { countFamily } from '../lib/count-family.ts'
import { faultIn } from '../lib/fault.ts'
import { type UnpricedUsage, unpricedRemedy } from '../rating/unpriced.ts'
import type { Claim, ClaimedScope } from '../state/claim.ts'
import type { Reprocess } from '../state/reprocesses.ts'
import type { ScopesAhead } from '../state/scopes-ahead.ts'
import type { Unfinished } from '../state/unfinished.ts'
import type { Dropped } from '../storage/point-store.ts'

/** What one round does, in this order. */
export type Step = 'discover' | 'rate' | 'recheck' | 'reprocess' | 'measure' | 'sweep' | 'retain' | 'purge-audit'

export type ProcessorEvents = ReturnType<typeof processorEvents>

/** Scopes of a failed batch that the log names. */
const SCOPES_NAMED = 10

/**
 * What happens while scopes are rated and is worth knowing: each event is counted and logged here and nowhere else, so that
 * `/metrics` and the log never disagree.
 */
export function processorEvents(log: Logger, registry: Registry) {
  const points = countFamily(registry, 'cloudtabby_points_committed_total', 'Points that were rated and committed')
  const scopePeriods = countFamily(
    registry,
    'cloudtabby_scope_periods_committed_total',
    'Periods of scopes that were committed',
  )
  const batchSeconds = new Histogram({
    name: 'cloudtabby_batch_seconds',
    help: 'From the claim of a batch to its commit',
    buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120],
    registers: [registry],
  })
  const unpriced = countFamily(
    registry,
    'cloudtabby_points_unpriced_total',
    'Committed points that no rule has priced, by type and reason',
    ['type', 'reason'],
  )
  const failures = countFamily(
    registry,
    'cloudtabby_scope_failures_total',
    'Scopes that could not be rated, by fault',
    ['code'],
  )
  const shrunk = countFamily(
    registry,
    'cloudtabby_batches_shrunk_total',
    'Batches that failed and were tried again in smaller ones',
  )
  const lost = countFamily(
    registry,
    'cloudtabby_batches_lost_total',
    'Batches that another process, a reset or a cancellation took away before they were committed',
  )
  const renewals = countFamily(
    registry,
    'cloudtabby_lease_renewals_failed_total',
    'Leases that could not be renewed when it was time to',
  )
  const looks = countFamily(
    registry,
    'cloudtabby_discoveries_total',
    'Questions to the fetcher which scopes there are, by outcome',
    ['outcome'],
  )
  const tasks = countFamily(registry, 'cloudtabby_reprocesses_total', 'Tries of reprocessing tasks, by outcome', [
    'outcome',
  ])
  const late = countFamily(
    registry,
    'cloudtabby_late_usage_total',
    'Scopes of which usage came late, so that periods are rated again',
  )
  const unchecked = countFamily(
    registry,
    'cloudtabby_rechecks_failed_total',
    'Scopes that could not be looked through for usage that came late',
  )
  const dropped = countFamily(
    registry,
    'cloudtabby_dropped_total',
    'What was older than the retention and is deleted, by kind',
    ['kind'],
  )
  const purged = countFamily(
    registry,
    'cloudtabby_audit_purged_total',
    'Audit records that were older than is kept and are deleted',
  )
  const stumbles = countFamily(registry, 'cloudtabby_round_failures_total', 'Steps of a round that failed, by step', [
    'step',
  ])

  const clock = new Gauge({
    name: 'cloudtabby_clock_ahead_seconds',
    help: 'How far the clock runs ahead of what this processor believes; 0 while it is believed',
    registers: [registry],
  })
  const unread = countFamily(
    registry,
    'cloudtabby_clock_failures_total',
    'Times that state could not say or keep what the time is; it went on by the uptime',
  )

  return {
    /** The clock has jumped, and is not believed. */
    clockAhead(aheadSeconds: number): void {
      clock.set(aheadSeconds)
      log.error(
        { aheadSeconds: Math.round(aheadSeconds) },
        'the clock has jumped ahead and is not believed: rating goes on by how long the machine has been up, until the clock is right ' +
          'again or has been where it is for 15 minutes. If it is right now, start with --trust-clock; docs/operating/running.md',
      )
    },

    clockBelieved(): void {
      clock.set(0)
      log.info('the clock is believed again')
    },

    clockNotKept(error: unknown): void {
      unread.inc()
      log.warn(
        { err: error },
        'state could not say or keep what the time is; it goes on by how long the machine has been up',
      )
    },

    /** Periods count as rated that are not over, so what is used in them would never be billed. */
    scopesAhead({ count, until, examples }: ScopesAhead, now: Instant): void {
      if (count === 0) {
        log.info('no scope is rated ahead of now any more')
        return
      }
      log.error(
        {
          scopes: count,
          scopeIds: examples,
          ...(until !== undefined && { ratedUpTo: formatInstant(until) }),
          now: formatInstant(now),
        },
        'scopes are rated ahead of now, by a clock that was fast or `process --until` a time to come: the usage of these periods is not ' +
          'billed. Reset them to the begin of the first period that was not over when it was rated: PUT /v2/scope ' +
          '{"scope_id": [...], "last_processed_timestamp": "..."}; docs/operating/rating-again.md',
      )
    },

    /** The fetcher named so many scopes, of which some for the first time. */
    discovered({ scopes, added }: { readonly scopes: number; readonly added: number }): void {
      looks.inc({ outcome: 'done' })
      if (added > 0) log.info({ scopes, added }, 'scopes were found that are rated from now on')
    },

    fetcherFailed(error: unknown): void {
      looks.inc({ outcome: 'failed' })
      log.error({ err: error }, 'the fetcher failed; scopes that it named last go on')
    },

    fetcherNamedNone(reason: string): void {
      looks.inc({ outcome: 'none' })
      log.warn(reason)
    },

    /** Too frequent for the log: the progress shows it. */
    committed(claim: Claim, batch: { readonly points: number; readonly seconds: number }): void {
      points.inc(batch.points)
      scopePeriods.inc(claim.scopes.length * claim.periods)
      batchSeconds.observe(batch.seconds)
    },

    /** Once for a run or a task: each type and reason is a line. */
    usageWithoutPrice(usages: readonly UnpricedUsage[]): void {
      for (const usage of usages) {
        const { type, reason } = usage
        unpriced.inc({ type, reason }, usage.points)
        log.warn({ type, reason, points: usage.points }, `usage without a price: ${unpricedRemedy(usage)}`)
      }
    },

    batchLost({ batch }: { readonly batch: BatchId }): void {
      lost.inc()
      log.warn({ batch }, 'a batch was taken over by another process and is discarded')
    },

    batchShrunk(claim: Claim, error: unknown): void {
      shrunk.inc()
      log.warn(batchContext(claim, error), 'a batch failed and is tried again in smaller ones')
    },

    scopesFailed(claim: Claim, guilty: readonly ClaimedScope[], error: unknown): void {
      const fault = faultIn(error)
      for (const { scopeId } of guilty) failures.inc({ code: fault?.ofScope(scopeId).code ?? 'internal' })
      const scopeIds = guilty.slice(0, SCOPES_NAMED).map((scope) => scope.scopeId)
      log.error({ ...batchContext(claim, error), scopeIds }, 'scopes could not be rated; they are tried again later')
    },

    leaseNotRenewed(this: void, error: unknown, batch: BatchId): void {
      renewals.inc()
      log.warn({ err: error, batch }, 'a lease could not be renewed')
    },

    reprocessed(task: Reprocess): void {
      tasks.inc({ outcome: 'done' })
      log.info(taskContext(task), 'a scope was reprocessed')
    },

    reprocessLost(task: Reprocess): void {
      tasks.inc({ outcome: 'lost' })
      log.warn(taskContext(task), 'a reprocessing was cancelled, reset or taken over; what it wrote is discarded')
    },

    reprocessFailed(task: Reprocess, error: unknown): void {
      tasks.inc({ outcome: 'failed' })
      const context = { ...taskContext(task), err: faultIn(error) ?? error }
      log.error(context, 'a scope could not be reprocessed; it is tried again later')
    },

    reprocessWithoutScope(task: Reprocess): void {
      tasks.inc({ outcome: 'failed' })
      log.warn(
        taskContext(task),
        'a scope that is to be reprocessed is not there or not active; it is looked for again later',
      )
    },

    /** The length of periods was changed since, or it is from before bounds were checked by each scope's own periods. */
    reprocessOffGrid(task: Reprocess, nextBegin: Instant): void {
      tasks.inc({ outcome: 'failed' })
      const context = { ...taskContext(task), ratedUpTo: formatInstant(nextBegin) }
      log.error(context, 'a reprocessing cuts periods of its scope in two; it waits to be cancelled and asked for anew')
    },

    usageCameLate(scopeId: string, period: Period): void {
      late.inc()
      log.info({ scopeId, ...shown(period) }, 'usage came late; the periods are rated again')
    },

    notRechecked(error: unknown, guilty: readonly string[]): void {
      unchecked.inc(guilty.length)
      const scopeIds = guilty.slice(0, SCOPES_NAMED)
      log.warn({ err: error, scopeIds }, 'scopes could not be looked through for usage that came late')
    },

    /** What keeps the past from being dropped, though it is older than the retention. */
    pastIsNeeded({ scope, task }: Unfinished): void {
      if (task)
        log.warn({ task: task.id, begin: formatInstant(task.begin) }, 'a reprocessing keeps points from being dropped')
      if (scope) {
        const waiting = { scopeId: scope.scopeId, ratedUpTo: formatInstant(scope.nextBegin) }
        log.warn(waiting, 'a scope that is not rated yet keeps samples from being dropped')
      }
    },

    pastDropped(what: Dropped, before: number): void {
      dropped.inc({ kind: 'points' }, what.points)
      dropped.inc({ kind: 'samples' }, what.samples)
      if (what.points === 0 && what.samples === 0) return
      log.info({ ...what, before: formatInstant(before) }, 'points and samples older than the retention are dropped')
    },

    auditPurged(records: number): void {
      purged.inc(records)
      if (records > 0) log.info({ records }, 'audit records older than is kept are deleted')
    },

    stumbled(step: Step, error: unknown): void {
      stumbles.inc({ step })
      log.error({ err: error, step }, 'a step of the round failed; the others go on, and it is tried again')
    },

    notRetired(error: unknown): void {
      log.warn({ err: error }, 'the processors left could not be told')
    },
  }
}

function batchContext({ batch, scopes, begin, periods }: Claim, error: unknown) {
  return { err: faultIn(error) ?? error, batch, scopes: scopes.length, begin: formatInstant(begin), periods }
}

function taskContext({ id, scopeId, period, reason }: Reprocess) {
  return { task: id, scopeId, ...shown(period), reason }
}

function shown({ begin, end }: Period) {
  return { begin: formatInstant(begin), end: formatInstant(end) }
}
