import { type Decimal, ONE, parseDecimal, ZERO } from '../../domain/decimal.ts'
import type { Metric } from '../../domain/metric.ts'
import { formatInstant, type Period } from '../../domain/period.ts'
import { NO_RULES, type Point } from '../../domain/point.ts'
import type { Series } from '../../domain/series.ts'
import { toQuantity } from '../../domain/to-quantity.ts'
import { Fault } from '../../lib/fault.ts'
import type { Probe } from '../../lib/probe.ts'
import type { PromSeries, RangeQuery } from '../../sources/prometheus/prometheus-client.ts'
import { ScopeFaults } from '../../lib/scope-faults.ts'
import { withAbort } from '../../lib/with-abort.ts'
import { askParts, ofQuestion } from '../ask-parts.ts'
import type { Collector, CollectorContext, CollectRequest } from '../collector.ts'
import { buildQuery, mayMixPeriods, mayMixScopes } from './build-query.ts'
import type { ExtraArgs } from './extra-args.ts'
import { type AnswerBudget, AnswerBudgets, type Part, planParts } from '../plan-parts.ts'
import { toRoundedQuantity } from './to-rounded-quantity.ts'

export interface PromqlCollectorOptions {
  readonly precision?: number | undefined
  readonly max_points_per_query: number
  readonly max_scopes_per_query: number
}

/** Who answers range queries, however it does. */
export interface RangeQuerier {
  /** As `PrometheusClient.queryRange`. */
  queryRange(range: RangeQuery, signal: AbortSignal): Promise<PromSeries[]>
}

/** Texts of values remembered per answer: most series repeat theirs. */
const REMEMBERED_VALUES_MAX = 10_000

/** Asks in PromQL for many scopes and many periods at once; the answers equal CloudKitty's scope by scope. */
export class PromqlCollector implements Collector<ExtraArgs> {
  readonly #source: AsyncDisposable
  readonly #client: RangeQuerier
  readonly #options: PromqlCollectorOptions
  readonly #context: Pick<CollectorContext, 'scopeKey' | 'series'>
  readonly probe: Probe | undefined
  readonly #budgets = new AnswerBudgets()

  /** The source, which the client asks, is the collector's own from now on. */
  constructor(
    source: AsyncDisposable,
    client: RangeQuerier,
    options: PromqlCollectorOptions,
    context: Pick<CollectorContext, 'scopeKey' | 'series'>,
    probe?: Probe,
  ) {
    this.probe = probe
    this.#source = source
    this.#client = client
    this.#options = options
    this.#context = context
  }

  async collect({ metric, scopes, periods }: CollectRequest<ExtraArgs>, signal: AbortSignal): Promise<Point[]> {
    if (scopes.length === 0 || periods.length === 0) return []
    const budget = this.#budgets.of(metric)
    const parts = planParts(
      { scopes: [...new Set(scopes)], periods },
      {
        maxScopes: mayMixScopes(metric.extraArgs) ? 1 : this.#options.max_scopes_per_query,
        maxPeriods: mayMixPeriods(metric.extraArgs) ? 1 : this.#options.max_points_per_query,
        maxCells: budget.maxCells,
      },
    )
    return withAbort(signal, (inner) =>
      askParts(parts, budget, (part) => this.#ask(metric, part, budget, inner.signal)),
    )
  }

  async #ask(metric: Metric<ExtraArgs>, part: Part, budget: AnswerBudget, signal: AbortSignal): Promise<Point[]> {
    const begin = part.periods[0]!
    const step = begin.end - begin.begin
    const query = buildQuery({
      metric,
      args: metric.extraArgs,
      scopeKey: this.#context.scopeKey,
      scopes: part.scopes,
      periodSeconds: step,
    })
    try {
      const range = { query, start: begin.end, end: part.periods.at(-1)!.end, step }
      const answer = await this.#client.queryRange(range, signal)
      budget.answered(part.scopes.length, answer.length)
      return this.#toPoints(answer, metric, part, query)
    } catch (error) {
      throw ofQuestion(error, { metric, part, query, shown: `query: ${shortened(query)}` })
    }
  }

  #toPoints(answer: readonly PromSeries[], metric: Metric, { scopes, periods }: Part, query: string): Point[] {
    const { scopeKey } = this.#context
    const single = scopes.length === 1 ? scopes[0]! : undefined
    const asked = new Set(scopes)
    const toSeries = this.#seriesOf(metric)
    const toValue = this.#valueOf(metric)
    const first = periods[0]!
    const step = first.end - first.begin
    const points: Point[] = []
    const unratable = new Map<string, Unratable[]>()
    for (const { metric: labels, values } of answer) {
      const scopeId = single ?? labels[scopeKey] ?? ''
      if (!asked.has(scopeId)) continue
      const series = toSeries(scopeId, labels)
      for (const [instant, text] of values) {
        const period = periods[(instant - first.end) / step]
        if (!period)
          throw new Fault('collect.invalid_answer', `the answer has a value at ${instant}, which was not asked`)
        const quantity = toValue(text)
        if (quantity)
          points.push({ series, begin: period.begin, end: period.end, quantity, price: ZERO, rules: NO_RULES })
        else unratable.set(scopeId, [...(unratable.get(scopeId) ?? []), { period, text }])
      }
    }
    const faults = new ScopeFaults()
    for (const [scopeId, values] of unratable) faults.add(unratableFault(scopeId, values, query))
    faults.throwIfAny()
    return points
  }

  /** The series of a scope with an answer's labels, interned; a label that is missing is the empty text. */
  #seriesOf({ type, unit, groupby, metadata }: Metric) {
    const { scopeKey, series } = this.#context
    const names = [...groupby, ...metadata]
    const prefix = `promql ${JSON.stringify([type, unit, groupby, metadata])}`
    return (scopeId: string, labels: Readonly<Record<string, string>>): Series => {
      const text = (name: string): string => (name === scopeKey ? scopeId : (labels[name] ?? ''))
      const pick = (some: readonly string[]) => Object.fromEntries(some.map((name) => [name, text(name)]))
      return series.intern(prefix + JSON.stringify([scopeId, ...names.map(text)]), () => ({
        scopeId,
        type,
        unit,
        groupby: { ...pick(groupby), [scopeKey]: scopeId },
        metadata: pick(metadata),
      }))
    }
  }

  /** Text to quantity, remembering; undefined for what cannot be rated. */
  #valueOf(metric: Metric): (text: string) => Decimal | undefined {
    const { precision } = this.#options
    const known = new Map<string, Decimal>()
    return (text) => {
      const before = known.get(text)
      if (before) return before
      const collected = parseDecimal(text)
      const quantity = collected
        ? precision === undefined
          ? toQuantity(collected, metric)
          : toRoundedQuantity(collected, metric, precision)
        : nonFiniteQuantity(text, metric)
      if (quantity && known.size < REMEMBERED_VALUES_MAX) known.set(text, quantity)
      return quantity
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#source[Symbol.asyncDispose]()
  }
}

/** Mutations that ask only whether a value is zero, or one of some numbers, have an answer for NaN and Inf: CloudKitty's. */
function nonFiniteQuantity(text: string, { mutate }: Metric): Decimal | undefined {
  if (text !== 'NaN' && text !== '+Inf' && text !== '-Inf') return undefined
  if (mutate === 'NUMBOOL') return ONE
  return mutate === 'NOTNUMBOOL' || mutate === 'MAP' ? ZERO : undefined
}

interface Unratable {
  readonly period: Period
  readonly text: string
}

/** Names the first such value of a scope. */
function unratableFault(scopeId: string, unratable: readonly Unratable[], query: string): Fault {
  const { period, text } = unratable[0]!
  const where = `of scope '${scopeId}' in the period ${formatInstant(period.begin)} to ${formatInstant(period.end)}`
  const more = unratable.length > 1 ? ` (and ${unratable.length - 1} more such values)` : ''
  const message = `the value ${text} ${where} cannot be rated${more}`
  return new Fault('collect.invalid_answer', message, { query, period, value: text }, { scopeIds: [scopeId] })
}

/** A query for a thousand scopes is longer than any log line should be; the detail has it whole. */
function shortened(query: string): string {
  return query.length <= 500 ? query : `${query.slice(0, 300)}…${query.slice(-150)}`
}
