import type { Metric } from '../domain/metric.ts'
import { formatDecimal } from '../domain/decimal.ts'
import { type Instant, periodsFrom } from '../domain/period.ts'
import type { Point } from '../domain/point.ts'
import { faultIn } from '../lib/fault.ts'
import { chunksOf } from '../lib/chunks.ts'
import type { Rater } from '../rating/rating-module.ts'
import type { Batches } from '../state/batches.ts'
import type { Reprocesses } from '../state/reprocesses.ts'
import { ofNames, type Scope, type Scopes } from '../state/scopes.ts'
import type { ScopeNames } from '../state/scope-names.ts'
import { collectFrames } from './collect-frames.ts'
import type { ProcessorEvents } from './events.ts'
import { keptPoints, type RatingParts } from './rate-periods.ts'

export interface RecheckerParts extends RatingParts {
  readonly scopes: Scopes
  readonly batches: Batches
  readonly reprocesses: Reprocesses
  readonly events: ProcessorEvents
}

export interface RecheckerOptions {
  readonly names: ScopeNames
  readonly periodSeconds: number
  /** Points that begin before it are not kept; undefined: everything is kept. */
  readonly keptFrom?: () => Instant | undefined
}

/** Scopes that are compared at a time. */
const CHUNK_SCOPES = 200

/**
 * Looks for usage that came late: collects the newest rated periods of metrics with `recheck` again and, where the
 * quantities are not those that were rated, asks for these periods to be reprocessed. Off unless a metric says `recheck`.
 */
export class Rechecker {
  readonly #parts: RecheckerParts
  readonly #options: RecheckerOptions
  /** How far each scope was rated when it was rechecked last: once per rated period is enough. */
  readonly #checked = new Map<number, Instant>()
  /** How far all of them were when none was left to be checked. */
  #progress: string | undefined

  constructor(parts: RecheckerParts, options: RecheckerOptions) {
    this.#parts = parts
    this.#options = options
  }

  /** The number of scopes of which periods are to be reprocessed. */
  async run(signal: AbortSignal): Promise<number> {
    const metrics = this.#parts.metrics().metrics.filter((metric) => metric.recheckPeriods)
    if (metrics.length === 0) return 0
    const { names } = this.#options
    // There is a round every few seconds, and something new once in a period.
    const progress = await this.#parts.scopes.progress(names)
    if (progress === this.#progress) return 0
    const rows = await this.#parts.scopes.list({ ...ofNames(names), active: [true] })
    const due = rows.filter((row) => row.lastProcessed !== undefined && this.#checked.get(row.id) !== row.nextBegin)
    let changed = 0
    if (due.length > 0) changed = await this.#checkAll(due, metrics, signal)
    if (!signal.aborted) this.#progress = progress
    return changed
  }

  async #checkAll(due: readonly Scope[], metrics: readonly Metric[], signal: AbortSignal): Promise<number> {
    const rater = await this.#parts.pipeline.load()
    let changed = 0
    for (const [nextBegin, group] of byNextBegin(due)) {
      for (const chunk of chunksOf(group, CHUNK_SCOPES)) {
        if (signal.aborted) return changed
        changed += await this.#checkWithout({ metrics, scopes: chunk, nextBegin, rater, signal })
        for (const { id } of chunk) this.#checked.set(id, nextBegin)
      }
    }
    return changed
  }

  /** Scopes whose usage cannot be read or priced are left out, until they are rated further; the others are checked. */
  async #checkWithout({ scopes, ...check }: Check & { readonly metrics: readonly Metric[] }): Promise<number> {
    while (scopes.length > 0) {
      try {
        return await this.#check({ scopes, ...check })
      } catch (error) {
        const guilty = faultIn(error)?.scopeIds ?? []
        const rest = scopes.filter(({ scopeId }) => !guilty.includes(scopeId))
        if (rest.length === scopes.length) throw error
        this.#parts.events.notRechecked(error, guilty)
        scopes = rest
      }
    }
    return 0
  }

  async #check({ metrics, ...check }: Check & { readonly metrics: readonly Metric[] }): Promise<number> {
    const stale = new Map<string, Set<Instant>>()
    for (const metric of metrics) {
      for (const [scopeId, begin] of await this.#differences(metric, check)) {
        stale.set(scopeId, (stale.get(scopeId) ?? new Set()).add(begin))
      }
    }
    const { reprocesses, events } = this.#parts
    for (const [scopeId, begins] of stale) {
      const period = { begin: Math.min(...begins), end: Math.max(...begins) + this.#options.periodSeconds }
      const reason = 'recheck: quantities have changed since they were rated'
      const clash = await reprocesses.add([scopeId], period, reason, { who: 'recheck' })
      if (clash === undefined) events.usageCameLate(scopeId, period)
    }
    return stale.size
  }

  /** Scope and period of which this metric's quantities are others now than the ones that are stored. */
  async #differences(metric: Metric, { scopes, nextBegin, rater, signal }: Check) {
    const { collector, store, batches, metrics } = this.#parts
    const { periodSeconds, names, keptFrom = () => undefined } = this.#options
    const kept = Math.floor((nextBegin - (keptFrom() ?? -Infinity)) / periodSeconds)
    const count = Math.min(metric.recheckPeriods!, kept)
    if (count <= 0) return []
    const periods = periodsFrom(nextBegin - count * periodSeconds, count, periodSeconds)
    const scopeIds = scopes.map((scope) => scope.scopeId)
    // What is not stored because of its skip expression is no difference, and that may depend on the price.
    const frames = await collectFrames(collector, [metric], scopeIds, periods, { concurrency: 1, signal })
    const now = new Fingerprints()
    for (const point of keptPoints(await rater.rate(frames, { signal }), metrics())) now.add(point)
    const then = new Fingerprints()
    const { points } = await store.retrieve(
      {
        begin: periods[0]!.begin,
        end: nextBegin,
        types: [metric.type],
        attributes: new Map([[names.scopeKey, scopeIds]]),
        offset: 0,
        limit: undefined,
      },
      await batches.snapshot(),
      signal,
    )
    for (const point of points) then.add(point)
    return now.differences(then)
  }
}

/** Scopes that are rated up to the same instant, and the rules as they stand. */
interface Check {
  readonly scopes: readonly Scope[]
  readonly nextBegin: Instant
  readonly rater: Rater
  readonly signal: AbortSignal
}

function byNextBegin(scopes: readonly Scope[]): Map<Instant, Scope[]> {
  const groups = new Map<Instant, Scope[]>()
  for (const scope of scopes) groups.set(scope.nextBegin, [...(groups.get(scope.nextBegin) ?? []), scope])
  return groups
}

/** The quantities of each scope and period, in a form that can be compared whatever their order. */
class Fingerprints {
  readonly #cells = new Map<string, { scopeId: string; begin: Instant; quantities: string[] }>()

  add({ series, begin, quantity }: Point): void {
    const key = JSON.stringify([series.scopeId, begin])
    const cell = this.#cells.get(key) ?? { scopeId: series.scopeId, begin, quantities: [] }
    cell.quantities.push(`${series.id} ${formatDecimal(quantity)}`)
    this.#cells.set(key, cell)
  }

  differences(other: Fingerprints): [scopeId: string, begin: Instant][] {
    const keys = new Set([...this.#cells.keys(), ...other.#cells.keys()])
    return [...keys].flatMap((key) => {
      const cell = this.#cells.get(key) ?? other.#cells.get(key)!
      return this.#text(key) === other.#text(key) ? [] : [[cell.scopeId, cell.begin] as [string, Instant]]
    })
  }

  #text(key: string): string {
    return (this.#cells.get(key)?.quantities ?? []).toSorted().join('\n')
  }
}
