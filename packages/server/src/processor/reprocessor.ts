import type { Logger } from 'pino'
import { formatInstant, periodsFrom } from '../domain/period.ts'
import { Fault } from '../lib/fault.ts'
import type { Batches } from '../state/batches.ts'
import { type Reprocess, Reprocesses } from '../state/reprocesses.ts'
import type { ScopeNames, Scopes } from '../state/scopes.ts'
import { backOff, type BackOffBounds } from './back-off.ts'
import { holdLease } from './hold-lease.ts'
import { ratePeriods, type RatingParts } from './rate-periods.ts'

export interface ReprocessorParts extends RatingParts {
  readonly scopes: Scopes
  readonly batches: Batches
  readonly reprocesses: Reprocesses
  readonly log: Logger
}

export interface ReprocessorOptions {
  readonly names: ScopeNames
  readonly periodSeconds: number
  readonly concurrency: number
  readonly leaseSeconds: number
  readonly retrySeconds: BackOffBounds
}

/** Tasks that are looked at in one round. */
const ROUND = 100
/** Periods that are collected, rated and written at a time. */
const CHUNK_PERIODS = 168

/**
 * Rates the past again: the new points are written beside the old ones, and one commit puts them in their place. Nobody
 * sees a hole or a mixture, and a crash half-way changes nothing but that the task begins anew.
 */
export class Reprocessor {
  readonly #parts: ReprocessorParts
  readonly #options: ReprocessorOptions

  constructor(parts: ReprocessorParts, options: ReprocessorOptions) {
    this.#parts = parts
    this.#options = options
  }

  /** Works on every task that is due and whose scope is free; the number that it finished. */
  async run(signal: AbortSignal): Promise<number> {
    let finished = 0
    for (const task of await this.#parts.reprocesses.due(ROUND)) {
      if (signal.aborted) break
      if (await this.#work(task, signal)) finished++
    }
    return finished
  }

  async #work(task: Reprocess, signal: AbortSignal): Promise<boolean> {
    const { scopes, batches, reprocesses, log } = this.#parts
    const { names, leaseSeconds, retrySeconds } = this.#options
    const context = { task: task.id, scopeId: task.scopeId, begin: formatInstant(task.period.begin) }
    const [scope] = await scopes.list({ scopeIds: [task.scopeId], scopeKeys: [names.scopeKey], active: [true] })
    if (!scope) {
      log.warn(context, 'a scope that is to be reprocessed is not there or not active; it is looked for again later')
      await reprocesses.fail(task.id, 'the scope is not there or not active', backOff(task.failures, retrySeconds))
      return false
    }
    const batch = await batches.lease(scope.id, 'reprocessed')
    if (batch === undefined) return false
    using lease = holdLease(batches, batch, { leaseSeconds, signal, log })
    try {
      await this.#rate(task, batch, lease.signal)
      await batches.commit(batch, {
        leased: scope.id,
        replaces: [{ scopeId: task.scopeId, ...task.period }],
        also: (tx) => Reprocesses.finish(tx, task),
      })
      log.info({ ...context, end: formatInstant(task.period.end), reason: task.reason }, 'a scope was reprocessed')
      return true
    } catch (error) {
      await batches.abandon(batch)
      if (signal.aborted) return false
      if (error instanceof Fault && error.code === 'state.fenced') {
        log.warn(context, 'a reprocessing was taken over or reset; it is discarded')
        return false
      }
      log.error({ ...context, err: error }, 'a scope could not be reprocessed; it is tried again later')
      const message = error instanceof Error ? error.message : String(error)
      await reprocesses.fail(task.id, message, backOff(task.failures, retrySeconds))
      return false
    }
  }

  async #rate({ id, scopeId, period }: Reprocess, batch: number, signal: AbortSignal): Promise<void> {
    const { periodSeconds, concurrency } = this.#options
    const count = (period.end - period.begin) / periodSeconds
    for (let done = 0; done < count; done += CHUNK_PERIODS) {
      const begin = period.begin + done * periodSeconds
      const periods = periodsFrom(begin, Math.min(CHUNK_PERIODS, count - done), periodSeconds)
      await ratePeriods(this.#parts, { batch, scopeIds: [scopeId], periods, concurrency, signal })
      await this.#parts.reprocesses.setCurrent(id, periods.at(-1)!.begin)
    }
  }
}
