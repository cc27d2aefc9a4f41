import { ZERO } from '../../domain/decimal.ts'
import type { Metric } from '../../domain/metric.ts'
import { NO_RULES, type Point } from '../../domain/point.ts'
import { attributesJson, attributeText, type Attributes } from '../../domain/series.ts'
import { toQuantity } from '../../domain/to-quantity.ts'
import type { AggregatesQuery, GnocchiClient, ResourceAttributes } from '../../sources/gnocchi/gnocchi-client.ts'
import type { Source } from '../../sources/http/source-client.ts'
import { withAbort } from '../../lib/with-abort.ts'
import { askParts, ofQuestion } from '../ask-parts.ts'
import type { Collector, CollectorContext, CollectRequest } from '../collector.ts'
import { type AnswerBudget, AnswerBudgets, type Part, planParts } from '../plan-parts.ts'
import type { ExtraArgs } from './extra-args.ts'
import { planQuestion, type QuestionPlan, toAggregatesQuery } from './plan-question.ts'
import { type HistoryQuestion, ResourceReader } from './resource-reader.ts'
import { toUsage, type Usage, valueOf } from './to-usage.ts'

export interface GnocchiCollectorOptions {
  readonly measures: 'all' | 'first'
  readonly max_scopes_per_query: number
  readonly http_pool_maxsize: number
}

/** Measures of one series in a period where the granularity is not forced: that of the shipped archive policies' finest. */
const MEASURES_PER_PERIOD_AT_MOST = 60
/** A Gnocchi that was upgraded while we run is noticed after this long. */
const VERSION_KEPT_MS = 600_000

/** Asks Gnocchi for many scopes and many periods at once; its answers equal CloudKitty's scope by scope, hour by hour. */
export class GnocchiCollector implements Collector<ExtraArgs> {
  readonly #source: Source
  readonly #client: GnocchiClient
  readonly #options: GnocchiCollectorOptions
  readonly #context: Pick<CollectorContext, 'scopeKey' | 'series' | 'periodSeconds'>
  readonly #resources: ResourceReader
  readonly #now: () => number
  readonly #budgets = new AnswerBudgets()
  #version: { readonly text: Promise<string | undefined>; readonly askedAt: number } | undefined

  /** The source is the collector's own from now on. `now` is in milliseconds. */
  constructor(
    source: Source,
    client: GnocchiClient,
    options: GnocchiCollectorOptions,
    context: Pick<CollectorContext, 'scopeKey' | 'series' | 'periodSeconds'>,
    now: () => number = () => performance.now(),
  ) {
    this.#source = source
    this.#client = client
    this.#options = options
    this.#context = context
    this.#now = now
    this.#resources = new ResourceReader(client, {
      scopeKey: context.scopeKey,
      marginSeconds: context.periodSeconds,
      maxScopes: options.max_scopes_per_query,
      concurrency: options.http_pool_maxsize,
    })
  }

  async collect({ metric, scopes, periods }: CollectRequest<ExtraArgs>, signal: AbortSignal): Promise<Point[]> {
    if (scopes.length === 0 || periods.length === 0) return []
    const whole: Part = { scopes: [...new Set(scopes)], periods }
    return withAbort(signal, async ({ signal: inner }) => {
      const plan = planQuestion(metric, periods, await this.#askVersion(inner))
      const question = { metric, plan, whole, budget: this.#budgets.of(metric) }
      const parts = planParts(whole, {
        maxScopes: this.#options.max_scopes_per_query,
        maxPeriods: plan.manyPeriods ? Infinity : 1,
        maxCells: Math.max(1, Math.floor(question.budget.maxCells / measuresPerPeriod(metric, periods[0]!))),
      })
      return askParts(parts, question.budget, (part) => this.#ask(question, part, inner, signal))
    })
  }

  async #ask(question: Question, part: Part, signal: AbortSignal, batch: AbortSignal): Promise<Point[]> {
    const { metric, plan, budget } = question
    const query = toAggregatesQuery(plan, metric.extraArgs, this.#context.scopeKey, part.scopes, part.periods)
    try {
      const groups = await this.#client.aggregates(query, signal)
      budget.answered(part.scopes.length, groups.length)
      const { scopeKey } = this.#context
      const { measures } = this.#options
      const { extraArgs: args, groupby } = metric
      const usage = toUsage(groups, { plan, args, scopeKey, groupby, periods: part.periods, measures })
      return await this.#toPoints(question, part, usage, batch)
    } catch (error) {
      throw ofQuestion(error, { metric, part, query, shown: shownOf(query) })
    }
  }

  async #toPoints({ metric, whole }: Question, part: Part, usage: readonly Usage[], signal: AbortSignal) {
    const asked = new Set(part.scopes)
    const { scopeKey } = this.#context
    const relevant = usage.filter(({ group }) => asked.has(attributeText(group[scopeKey])))
    const metadataOf = await this.#metadata(metric, whole, relevant, signal)
    const toSeries = this.#seriesOf(metric)
    const points: Point[] = []
    for (const { group, period, value } of relevant) {
      const attributes = metadataOf({ group, period })
      // A resource that had ended long before, or came later: CloudKitty leaves it out.
      if (!attributes) continue
      const series = toSeries(group, attributes)
      const quantity = toQuantity(value, metric)
      points.push({ series, begin: period.begin, end: period.end, quantity, price: ZERO, rules: NO_RULES })
    }
    return points
  }

  /** A function that finds the attributes which the resource of a usage had in its period. */
  async #metadata(
    metric: Metric<ExtraArgs>,
    { scopes, periods }: Part,
    usage: readonly Usage[],
    signal: AbortSignal,
  ): Promise<(usage: Pick<Usage, 'group' | 'period'>) => ResourceAttributes | undefined> {
    if (metric.metadata.length === 0 || usage.length === 0) return () => NO_ATTRIBUTES
    const { scopeKey, periodSeconds } = this.#context
    const { resource_type: resourceType, resource_key: resourceKey } = metric.extraArgs
    const range = { begin: periods[0]!.begin, end: periods.at(-1)!.end }
    const question: HistoryQuestion = { resourceType, scopes, range, attributes: [resourceKey, ...metric.metadata] }
    const now = this.#resources.mark()
    let history = await this.#resources.read(question, signal)
    const find = ({ group, period }: Pick<Usage, 'group' | 'period'>) =>
      history.find(
        resourceKey,
        { scopeId: attributeText(group[scopeKey]), key: attributeText(group[resourceKey]) },
        period,
        periodSeconds,
      )
    // It may have come to be after another metric had the resources read.
    if (usage.some((each) => !find(each))) history = await this.#resources.read(question, signal, now)
    return find
  }

  /** The series with a group's attributes and a resource's metadata, interned; an attribute that is missing is empty. */
  #seriesOf({ type, unit, groupby, metadata }: Metric) {
    const { scopeKey, series } = this.#context
    const prefix = `collector_gnocchi ${JSON.stringify([type, unit, groupby, metadata])}`
    return (group: Attributes, attributes: ResourceAttributes) => {
      const extra = metadata.map((name) => valueOf(attributes, name))
      return series.intern(prefix + attributesJson([...groupby.map((name) => group[name]!), ...extra]), () => ({
        scopeId: attributeText(group[scopeKey]),
        type,
        unit,
        groupby: group,
        metadata: Object.fromEntries(metadata.map((name, i) => [name, extra[i]!])),
      }))
    }
  }

  async #askVersion(signal: AbortSignal): Promise<string | undefined> {
    const known = this.#version
    if (known && this.#now() - known.askedAt < VERSION_KEPT_MS) {
      try {
        return await known.text
      } catch {
        // Whoever asked may have given up, which is no reason for us to do so.
        signal.throwIfAborted()
      }
    }
    const version = { text: this.#client.version(signal), askedAt: this.#now() }
    this.#version = version
    try {
      return await version.text
    } catch (error) {
      if (this.#version === version) this.#version = undefined
      throw error
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#resources[Symbol.dispose]()
    await this.#source[Symbol.asyncDispose]()
  }
}

const NO_ATTRIBUTES: ResourceAttributes = {}

/** What the questions for one metric of one request have in common. */
interface Question {
  readonly metric: Metric<ExtraArgs>
  readonly plan: QuestionPlan
  readonly whole: Part
  readonly budget: AnswerBudget
}

function measuresPerPeriod(metric: Metric<ExtraArgs>, { begin, end }: { begin: number; end: number }): number {
  const { force_granularity: granularity } = metric.extraArgs
  return granularity === 0 ? MEASURES_PER_PERIOD_AT_MOST : Math.max(1, Math.ceil((end - begin) / granularity))
}

function shownOf({ operations, resourceType }: AggregatesQuery): string {
  return `operations: ${typeof operations === 'string' ? operations : JSON.stringify(operations)} of ${resourceType}`
}
