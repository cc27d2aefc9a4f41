import { type Begin, newGrid } from '../domain/first-period.ts'
import { type Instant, periodBegin, periodsFrom } from '../domain/period.ts'
import type { TimeZone } from '../domain/time-zone.ts'
import type { Fetcher, WhenNone } from '../fetchers/fetcher.ts'
import { errorText, faultIn } from '../lib/fault.ts'
import { UnpricedTally, type UnpricedUsage } from '../rating/unpriced.ts'
import type { Batches } from '../state/batches.ts'
import type { Claim } from '../state/claim.ts'
import type { StateDatabase } from '../state/database.ts'
import { noteDiscovery, noteFailedDiscovery } from '../state/discoveries.ts'
import type { DueRequest } from '../state/due.ts'
import { holdLease } from '../state/hold-lease.ts'
import { listFailing, readLateness } from '../state/lateness.ts'
import type { Scopes } from '../state/scopes.ts'
import type { ScopeNames } from '../state/scope-names.ts'
import { requireWhole } from '../storage/require-whole.ts'
import { backOff, type BackOffBounds } from './back-off.ts'
import { type BatchBounds, BatchLimits } from './batch-limits.ts'
import type { ProcessorEvents } from './events.ts'
import { ratePeriods, type RatingParts } from './rate-periods.ts'

export interface ProcessorOptions extends BatchBounds {
  readonly names: ScopeNames
  readonly periodSeconds: number
  readonly waitPeriods: number
  /** Where a new scope begins. */
  readonly begin: Begin
  /** Whose months count. */
  readonly zone: TimeZone
  /** How often the fetcher is asked while a processor runs for ever. */
  readonly discoverEverySeconds: number
  /** Metrics that are asked for at the same time. */
  readonly concurrency: number
  /** Back-off of a scope that failed: doubled with every failure in a row, between these bounds. */
  readonly retrySeconds: BackOffBounds
}

export interface ProcessorParts extends RatingParts {
  readonly fetcher: Fetcher
  readonly db: StateDatabase
  readonly scopes: Scopes
  readonly batches: Batches
  readonly events: ProcessorEvents
}

/** How far a run has come, in scope-periods (one scope in one period). */
export interface Progress {
  readonly done: number
  /** Those due and free to be rated when the run began; more may become due meanwhile. */
  readonly due: number
  readonly points: number
}

export interface RunSummary extends Progress {
  /** Scopes that could not be rated to the end, with the last error. */
  readonly failed: readonly { readonly scopeId: string; readonly error: string }[]
  /** Points that no rule has priced. */
  readonly unpriced: readonly UnpricedUsage[]
  /** Scopes that still have something due: another processor rates them, or gave them back when this one was done. */
  readonly left: number
}

export interface RunOptions {
  /** Taken as the present: what has settled by then is rated. */
  readonly until: Instant
  readonly signal: AbortSignal
  readonly onProgress?: (progress: Progress) => void
}

interface BatchOutcome {
  readonly scopePeriods: number
  readonly points: number
  readonly unpriced: readonly UnpricedUsage[]
}

/** Single-scope batches that fail in a row before the source, not the scope, is held to be at fault. */
const SOURCE_FAILURES = 3

/**
 * Rates what is due: claim, collect, rate, write, commit, and again. Several processors may run on one state database;
 * each period of each scope is rated once. A crash at any instant leaves every period rated once or not yet.
 */
export class Processor {
  readonly #parts: ProcessorParts
  readonly #options: ProcessorOptions
  readonly #limits: BatchLimits
  #singleFailures = 0

  constructor(parts: ProcessorParts, options: ProcessorOptions) {
    this.#parts = parts
    this.#options = options
    this.#limits = new BatchLimits(options)
  }

  /**
   * Asks the fetcher which scopes there are. A fetcher that fails is reported, and the known scopes go on; one that names no
   * scope at all is reported as well. What is wrong, as text; undefined when all is well.
   */
  async discover(now: Instant, signal: AbortSignal): Promise<string | undefined> {
    const { db, fetcher, scopes, events } = this.#parts
    const { names, discoverEverySeconds: everySeconds } = this.#options
    let ids: string[]
    try {
      ids = await fetcher.scopes(signal)
    } catch (error) {
      if (signal.aborted) throw error
      events.fetcherFailed(error)
      await scopes.keepSeen(names, now)
      await noteFailedDiscovery(db, names, { error: errorText(error), everySeconds })
      return errorText(error)
    }
    if (ids.length === 0) {
      const reason = noScopes(names.fetcher, fetcher.whenNone)
      events.fetcherNamedNone(reason)
      await noteFailedDiscovery(db, names, { error: reason, everySeconds })
      return reason
    }
    const known = await scopes.known(names)
    const added = ids.filter((id) => !known.has(id)).length
    const begin = added > 0 ? await this.#firstBegin(now, signal) : now
    await scopes.see(ids, names, now, begin)
    await noteDiscovery(db, names, ids.length)
    events.discovered({ scopes: ids.length, added })
    return undefined
  }

  async #firstBegin(now: Instant, signal: AbortSignal): Promise<Instant> {
    const { begin, zone, periodSeconds: seconds } = this.#options
    const first = begin === 'first-sample' ? await this.#parts.collector.firstSampleAt?.(signal) : undefined
    const grid = newGrid({ begin, zone, seconds }, first ?? now)
    return first === undefined ? grid.origin : periodBegin(grid, first)
  }

  /** Rates until nothing is due any more, then says how it went. */
  async run({ until: present, signal, onProgress }: RunOptions): Promise<RunSummary> {
    // A period is rated whole, so it waits for the metric whose data is complete last.
    const until = present - Math.max(0, ...this.#parts.metrics().metrics.map((metric) => metric.settleSeconds ?? 0))
    const { db, batches, events } = this.#parts
    const due = this.#dueRequest(until)
    let progress: Progress = { done: 0, due: (await readLateness(db, due)).freePeriods, points: 0 }
    onProgress?.(progress)
    const unpriced = new UnpricedTally()
    try {
      while (!signal.aborted) {
        const claim = await this.#claim(due)
        if (!claim) break
        const outcome = await this.#process(claim, signal)
        if (outcome === 'source-down') break
        unpriced.merge(outcome.unpriced)
        progress = {
          done: progress.done + outcome.scopePeriods,
          due: Math.max(progress.due, progress.done + outcome.scopePeriods),
          points: progress.points + outcome.points,
        }
        onProgress?.(progress)
      }
    } finally {
      events.usageWithoutPrice(unpriced.usages)
    }
    const [failed, left] = [await listFailing(db, due), await batches.due(due)]
    return { ...progress, failed, left, unpriced: unpriced.usages }
  }

  #dueRequest(now: Instant): DueRequest {
    const { names, periodSeconds, waitPeriods } = this.#options
    return { ...names, now, periodSeconds, waitPeriods }
  }

  async #claim(due: DueRequest): Promise<Claim | undefined> {
    const claim = await this.#parts.batches.claim({
      ...due,
      maxScopes: this.#limits.scopes,
      maxPeriods: this.#options.maxPeriods,
    })
    return claim && { ...claim, periods: Math.min(claim.periods, this.#limits.periods(claim.scopes.length)) }
  }

  /** One batch from claim to commit; a failure is dealt with here. */
  async #process(claim: Claim, signal: AbortSignal): Promise<BatchOutcome | 'source-down'> {
    const { batches, store, events } = this.#parts
    const started = performance.now()
    const { periodSeconds, concurrency } = this.#options
    using lease = holdLease(batches, claim.batch, { signal, onRenewFailed: events.leaseNotRenewed })
    try {
      const { points, unpriced } = await ratePeriods(this.#parts, {
        batch: claim.batch,
        scopeIds: claim.scopes.map((scope) => scope.scopeId),
        periods: periodsFrom(claim.begin, claim.periods, periodSeconds),
        concurrency,
        signal: lease.signal,
      })
      await requireWhole(store, claim.batch, { points }, lease.signal)
      await batches.commit(claim.batch, { claim, rows: { points } })
      this.#limits.succeeded(claim.scopes.length, claim.periods, points)
      this.#singleFailures = 0
      const seconds = (performance.now() - started) / 1000
      events.committed(claim, { points, seconds })
      return { scopePeriods: claim.scopes.length * claim.periods, points, unpriced }
    } catch (error) {
      return await this.#failed(claim, error, signal)
    }
  }

  /**
   * A fault that names scopes is theirs: they back off, the others go on. One of a source, or of this installation, is
   * everybody's. Of anything else the batch was perhaps too big: it is tried smaller, down to one scope and period, which
   * then backs off.
   */
  async #failed(claim: Claim, error: unknown, signal: AbortSignal): Promise<BatchOutcome | 'source-down'> {
    const { batches, events } = this.#parts
    const nothing: BatchOutcome = { scopePeriods: 0, points: 0, unpriced: [] }
    const fault = faultIn(error)
    if (signal.aborted || fault?.code === 'state.fenced') {
      await batches.abandon(claim.batch)
      if (!signal.aborted) events.batchLost(claim)
      return nothing
    }
    const culprits = claim.scopes.filter((scope) => fault?.scopeIds.includes(scope.scopeId))
    const everybody = fault?.blames === 'source' || fault?.blames === 'operator'
    if (culprits.length === 0 && !everybody && this.#limits.shrink(claim.scopes.length, claim.periods)) {
      events.batchShrunk(claim, error)
      await batches.abandon(claim.batch)
      return nothing
    }
    const guilty = culprits.length > 0 ? culprits : claim.scopes
    events.scopesFailed(claim, guilty, error)
    await batches.fail(
      claim.batch,
      guilty.map(({ id, scopeId, failures }) => ({
        scope: id,
        error: errorText(fault?.ofScope(scopeId) ?? error),
        retryInSeconds: backOff(failures, this.#options.retrySeconds),
      })),
    )
    if (everybody) return 'source-down'
    if (culprits.length === 0 && ++this.#singleFailures >= SOURCE_FAILURES) {
      this.#singleFailures = 0
      return 'source-down'
    }
    return nothing
  }
}

function noScopes(fetcher: string, whenNone: WhenNone | undefined): string {
  const named = `the fetcher ${fetcher} named no scope, so nothing can be rated`
  return whenNone
    ? `${named}; it asked for ${whenNone.asked}: ${whenNone.remedy}`
    : `${named}: see its section of cloudkitty.conf`
}
