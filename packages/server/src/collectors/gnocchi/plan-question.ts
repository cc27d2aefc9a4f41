import type { Metric } from '../../domain/metric.ts'
import type { Period } from '../../domain/period.ts'
import type { AggregatesQuery } from '../../sources/gnocchi/gnocchi-client.ts'
import type { ExtraArgs } from './extra-args.ts'

/** How a metric is asked for so that many scopes and periods at once give what each of them would give alone. */
export interface QuestionPlan {
  /** Whether one question may be about several periods. */
  readonly manyPeriods: boolean
  /** Whether Gnocchi is asked for the attributes of the time instead of today's, if it has them. */
  readonly useHistory: boolean
  /** Whether it is known to have them, so that a resource comes as one group per revision, each with its `revision_start`. */
  readonly byRevision: boolean
  /** Differences between neighbouring measures: made by us of the measures, by Gnocchi, or none. */
  readonly rate: 'ours' | 'theirs' | undefined
  /** The operations to send. */
  readonly operations: unknown
  /** The definition's, and with history `revision_start`, by which the revisions in an answer are told apart. */
  readonly groupby: readonly string[]
}

/**
 * The scope key is among the `groupby` attributes and every operation works within a group, so scopes never mix. Periods do
 *
 * - in a custom query that looks at more than one instant (`rolling`, `rateofchange`, `resample`, ...);
 * - where Gnocchi makes differences, as it does over gaps that reach across periods; up to 4.4 we make them instead. With
 *   history it first cuts each revision off and weighs its measures, which only it can do;
 * - with history, where the ends of the question fall into a bucket: Gnocchi weighs measures by the part that is asked for;
 * - in a Gnocchi that does not tell its version, and so may do either.
 *
 * Then each period is asked for alone, as CloudKitty's cloudkitty/collector/gnocchi.py always does, but for all scopes.
 */
export function planQuestion(
  { name, groupby, extraArgs: args }: Pick<Metric<ExtraArgs>, 'name' | 'groupby' | 'extraArgs'>,
  periods: readonly Period[],
  version: string | undefined,
): QuestionPlan {
  const knowsHistory = version === undefined ? undefined : isAtLeast(version, 4, 5)
  // With history Gnocchi takes measures of one instant for those of revisions, and adds them up: without the id, whosever
  // they are (4.5, 4.6); of several granularities, whatever they are (to this day). Right numbers are worth more.
  const useHistory = knowsHistory !== false && groupby.includes('id') && args.force_granularity > 0
  const byRevision = useHistory && knowsHistory === true
  const rated = args.re_aggregation_method.startsWith('rate:')
  const custom = args.custom_query !== ''
  const rate = !rated ? undefined : custom || useHistory || knowsHistory === undefined ? 'theirs' : 'ours'
  return {
    manyPeriods:
      knowsHistory !== undefined &&
      (custom ? isPointwise(customOperations(name, args)) : rate !== 'theirs') &&
      (!byRevision || isAligned(periods, args.force_granularity)),
    useHistory,
    byRevision,
    rate,
    operations: custom ? customOperations(name, args) : operations(name, args, rate),
    groupby: byRevision && !groupby.includes('revision_start') ? [...groupby, 'revision_start'] : groupby,
  }
}

/** The question for some scopes in some periods. */
export function toAggregatesQuery(
  plan: QuestionPlan,
  args: ExtraArgs,
  scopeKey: string,
  scopes: readonly string[],
  periods: readonly Period[],
): AggregatesQuery {
  const { resource_type: resourceType, force_granularity: granularity } = args
  const isScope = scopes.length === 1 ? { '=': { [scopeKey]: scopes[0] } } : { in: { [scopeKey]: scopes } }
  return {
    operations: plan.operations,
    resourceType,
    search: { and: [{ '=': { type: resourceType } }, isScope] },
    groupby: plan.groupby,
    // A difference needs the measure before the period.
    start: periods[0]!.begin - (plan.rate === undefined ? 0 : granularity),
    stop: periods.at(-1)!.end,
    granularity: granularity > 0 ? granularity : undefined,
    useHistory: plan.useHistory,
  }
}

/**
 * Two methods that CloudKitty takes and Gnocchi cannot answer work here. Gnocchi cannot take the first or last of several
 * series at one instant, only of one series at several instants, which is what is meant: a group is one resource, so one
 * series, and any method gives back its value. And it breaks when it has counts to write, but not when they are doubles.
 */
function operations(name: string, args: ExtraArgs, rate: QuestionPlan['rate']): unknown {
  const method = args.re_aggregation_method.replace(/^rate:/, '')
  const across = method === 'first' || method === 'last' ? 'max' : method
  const metric = ['metric', name, args.aggregation_method]
  const aggregate = ['aggregate', rate === 'theirs' ? `rate:${across}` : across, metric]
  return method === 'count' ? ['*', aggregate, 1] : aggregate
}

function customOperations(name: string, args: ExtraArgs): string {
  return args.custom_query
    .replaceAll('RE_AGGREGATION_METHOD', () => args.re_aggregation_method)
    .replaceAll('AGGREGATION_METHOD', () => args.aggregation_method)
    .replaceAll('METRIC_NAME', () => name)
}

/** Operators that make a value of the values of the same instant (Gnocchi's gnocchi/rest/aggregates/operations.py). */
const POINTWISE = new Set(
  (
    'metric aggregate = == eq < lt > gt <= ≤ le >= ≥ ge != ≠ ne % mod + add - sub * × mul / ÷ div ** ^ pow ' +
    'clip_min clip_max clip max abs absolute neg negative cos sin tan floor ceil'
  ).split(' '),
)

/** Every word after an opening parenthesis is an operator; nothing else can be one. */
function isPointwise(operations: string): boolean {
  const operators = [...operations.matchAll(/\(\s*([^\s()]*)/g)].map((match) => match[1]!)
  return operators.length > 0 && operators.every((word) => POINTWISE.has(word)) && !operations.includes('rate:')
}

/** Whether no bucket reaches over the end of a period. */
function isAligned([first]: readonly Period[], granularity: number): boolean {
  return first!.begin % granularity === 0 && (first!.end - first!.begin) % granularity === 0
}

function isAtLeast(version: string, major: number, minor: number): boolean {
  const [, a = '0', b = '0'] = /^(\d+)\.(\d+)/.exec(version) ?? []
  return Number(a) > major || (Number(a) === major && Number(b) >= minor)
}
