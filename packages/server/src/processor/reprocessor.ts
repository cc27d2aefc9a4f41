import { fitsGrid, formatInstant, type Instant, type Period, periodsFrom } from '../domain/period.ts'
import { type BatchId, type Snapshot, withCommitted } from '../domain/snapshot.ts'
import { errorText, Fault, faultIn } from '../lib/fault.ts'
import { UnpricedTally } from '../rating/unpriced.ts'
import type { Batches } from '../state/batches.ts'
import { gridOf } from '../state/grid-of.ts'
import { holdLease } from '../state/hold-lease.ts'
import { finishReprocess, type Reprocess, type Reprocesses, startReprocess } from '../state/reprocesses.ts'
import type { Scope, Scopes } from '../state/scopes.ts'
import type { ScopeNames } from '../state/scope-names.ts'
import { diffOf, type TypeDiff } from '../state/task-diff.ts'
import { requireWhole } from '../storage/require-whole.ts'
import { backOff, type BackOffBounds } from './back-off.ts'
import { BatchLimits } from './batch-limits.ts'
import type { ProcessorEvents } from './events.ts'
import { type RatedPeriods, ratePeriods, type RatingParts } from './rate-periods.ts'
import { sumsByType } from './sums-by-type.ts'

export interface ReprocessorParts extends RatingParts {
  readonly scopes: Scopes
  readonly batches: Batches
  readonly reprocesses: Reprocesses
  readonly events: ProcessorEvents
}

export interface ReprocessorOptions {
  readonly names: ScopeNames
  readonly periodSeconds: number
  readonly concurrency: number
  readonly retrySeconds: BackOffBounds
  /** Points that are collected, rated and written at a time. */
  readonly maxPoints: number
}

/** Tasks that are looked at in one round. */
const ROUND = 100
/** No further task is begun after so long: what has become due meanwhile is to be rated too. */
const ROUND_MS = 60_000
/** Periods that are collected, rated and written at a time, at most. */
const CHUNK_PERIODS_MAX = 168

/**
 * Rates the past again: the new points are written beside the old ones, and one commit puts them in their place. Nobody
 * sees a hole or a mixture, and a crash half-way changes nothing but that the task begins anew.
 */
export class Reprocessor {
  readonly #parts: ReprocessorParts
  readonly #options: ReprocessorOptions
  readonly #limits: BatchLimits

  constructor(parts: ReprocessorParts, options: ReprocessorOptions) {
    this.#parts = parts
    this.#options = options
    this.#limits = new BatchLimits({ maxPoints: options.maxPoints, maxScopes: 1, maxPeriods: CHUNK_PERIODS_MAX })
  }

  /** Works on tasks that are due and whose scope is free, for about a minute; the number that it finished. */
  async run(signal: AbortSignal): Promise<number> {
    const enough = performance.now() + ROUND_MS
    let finished = 0
    for (const task of await this.#parts.reprocesses.due(ROUND)) {
      if (signal.aborted || performance.now() > enough) break
      if (await this.#work(task, signal)) finished++
    }
    return finished
  }

  async #work(task: Reprocess, signal: AbortSignal): Promise<boolean> {
    const { batches, store, reprocesses, events } = this.#parts
    const { retrySeconds } = this.#options
    const scope = await this.#scopeOf(task)
    if (!scope) {
      events.reprocessWithoutScope(task)
      await reprocesses.fail(task.id, 'the scope is not there or not active', backOff(task.failures, retrySeconds))
      return false
    }
    const { period } = task
    const grid = gridOf(scope, this.#options.periodSeconds)
    if (!fitsGrid(grid, period)) {
      events.reprocessOffGrid(task, scope.nextBegin)
      await reprocesses.fail(
        task.id,
        `its bounds cut periods of ${grid.seconds} seconds, of which one begins at ${formatInstant(grid.origin)}, in two: cancel it and ask for it anew`,
        backOff(task.failures, retrySeconds),
      )
      return false
    }
    const batch = await batches.lease(scope.id, 'reprocessed', (tx, id) => startReprocess(tx, task.id, id))
    if (batch === undefined) return false
    using lease = holdLease(batches, batch, { signal, onRenewFailed: events.leaseNotRenewed })
    try {
      const { points, unpriced } = await this.#rate(task, batch, lease.signal)
      await requireWhole(store, batch, { points }, lease.signal)
      const diff = await this.#compare(task.scopeId, period, batch, lease.signal)
      await batches.commit(batch, {
        leased: scope.id,
        rows: { points },
        replaces: [{ scopeId: task.scopeId, ...period }],
        also: (tx) => finishReprocess(tx, task, batch, diff),
      })
      events.reprocessed(task)
      events.usageWithoutPrice(unpriced)
      return true
    } catch (error) {
      await batches.abandon(batch)
      if (signal.aborted) return false
      const fault = faultIn(error)
      if (fault?.code === 'state.fenced') {
        events.reprocessLost(task)
        return false
      }
      events.reprocessFailed(task, error)
      await reprocesses.fail(task.id, errorText(fault ?? error), backOff(task.failures, retrySeconds))
      return false
    }
  }

  /** The scope as this processor rates it; else one that another collector or fetcher brought. */
  async #scopeOf({ scopeId }: Reprocess): Promise<Scope | undefined> {
    const { names } = this.#options
    const found = await this.#parts.scopes.list({ scopeIds: [scopeId], scopeKeys: [names.scopeKey], active: [true] })
    return found.find((scope) => scope.collector === names.collector && scope.fetcher === names.fetcher) ?? found[0]
  }

  /** What it wrote. */
  async #rate(
    { id, scopeId, period: { begin, end } }: Reprocess,
    batch: BatchId,
    signal: AbortSignal,
  ): Promise<RatedPeriods> {
    const { periodSeconds, concurrency } = this.#options
    const unpriced = new UnpricedTally()
    let written = 0
    for (let at: Instant = begin; at < end;) {
      const count = Math.min(this.#limits.periods(1), (end - at) / periodSeconds)
      const periods = periodsFrom(at, count, periodSeconds)
      try {
        const rated = await ratePeriods(this.#parts, { batch, scopeIds: [scopeId], periods, concurrency, signal })
        written += rated.points
        unpriced.merge(rated.unpriced)
        this.#limits.succeeded(1, count, rated.points)
      } catch (error) {
        // The next try asks for less at a time.
        this.#limits.shrink(1, count)
        throw error
      }
      at = periods.at(-1)!.end
      const ours = await this.#parts.reprocesses.setCurrent(id, batch, periods.at(-1)!.begin)
      if (!ours) throw new Fault('state.fenced', `reprocessing ${id} was cancelled or taken over`, { batch })
    }
    return { points: written, unpriced: unpriced.usages }
  }

  /** What readers see now, and what they will see from the commit on. */
  async #compare(scopeId: string, period: Period, batch: BatchId, signal: AbortSignal): Promise<TypeDiff[]> {
    const { batches, store } = this.#parts
    const before = await batches.snapshot()
    const after = withCommitted(before, batch, [{ scopeId, ...period, upTo: batch - 1 }])
    const query = { scopeKey: this.#options.names.scopeKey, scopeIds: [scopeId], period }
    const sums = async (snapshot: Snapshot) => (await sumsByType(store, query, snapshot, signal)).get(scopeId)!
    return diffOf(await sums(before), await sums(after))
  }
}
