import { add, type Decimal, decimalFromNumber } from '../../domain/decimal.ts'
import type { Exact } from '../../domain/fraction.ts'
import type { Period } from '../../domain/period.ts'
import { attributesJson, attributeText, type Attributes, type AttributeValue } from '../../domain/series.ts'
import { type AggregateGroup, type Measure, readTimestamp } from '../../sources/gnocchi/gnocchi-client.ts'
import type { ExtraArgs, Method } from './extra-args.ts'
import type { QuestionPlan } from './plan-question.ts'
import { reAggregate } from './re-aggregate.ts'

/** What one group of resources used in one period. */
export interface Usage {
  /** The attributes that the definition groups by. */
  readonly group: Attributes
  readonly period: Period
  readonly value: Exact
}

export interface UsageQuestion {
  readonly plan: Pick<QuestionPlan, 'byRevision' | 'rate'>
  readonly args: ExtraArgs
  readonly scopeKey: string
  /** The definition's. */
  readonly groupby: readonly string[]
  /** Consecutive and of equal length. */
  readonly periods: readonly Period[]
  /** Which measures of a period count. */
  readonly measures: 'all' | 'first'
}

/**
 * Sorts Gnocchi's measures into periods and makes one value of those of a period. What comes for a period does not depend
 * on which other periods and scopes were asked for with it.
 */
export function toUsage(groups: readonly AggregateGroup[], question: UsageQuestion): Usage[] {
  const { args, groupby, periods } = question
  const lanes = toLanes(groups, question)
  const merged = !args.use_all_resource_revisions && groupby.includes('id')
  const bundles = merged ? bundledById(lanes, question) : lanes.map((lane) => [lane])
  const usage: Usage[] = []
  for (const bundle of bundles) {
    for (const [i, period] of periods.entries()) {
      const used = bundle.length === 1 ? ofLane(bundle[0]!, i, question) : ofRevisions(bundle, i, question)
      if (used) usage.push({ ...used, period })
    }
  }
  return usage
}

/** An attribute's value: null is one of them, and what is missing is empty. */
export function valueOf(attributes: Attributes, name: string): AttributeValue {
  return Object.hasOwn(attributes, name) ? attributes[name]! : ''
}

/** A measure that counts for a period. */
interface Entry {
  readonly at: number
  readonly granularity: number
  readonly value: Decimal
  /** When the revision of the resource began; -Infinity where Gnocchi does not say. */
  readonly revision: number
}

/** The measures of one group, by the number of the period. */
interface Lane {
  readonly group: Attributes
  readonly cells: (Entry[] | undefined)[]
}

/** One lane for each combination of the definition's attributes: several revisions may have the same. */
function toLanes(groups: readonly AggregateGroup[], question: UsageQuestion): Lane[] {
  const { plan, groupby, periods } = question
  const lanes = new Map<string, Lane>()
  const place = toPlacement(question)
  for (const { group: all, measures } of groups) {
    const group = Object.fromEntries(groupby.map((name) => [name, valueOf(all, name)]))
    const key = attributesJson(Object.values(group))
    const known = lanes.get(key)
    const lane = known ?? { group, cells: Array.from<Entry[] | undefined>({ length: periods.length }) }
    lanes.set(key, lane)
    const began = plan.byRevision ? readTimestamp(attributeText(all['revision_start'])) : Number.NaN
    const revision = Number.isNaN(began) ? -Infinity : began
    for (const { at, granularity, value, from, to } of place(measures)) {
      const entry = { at, granularity, value, revision }
      for (let i = from; i <= to; i++) {
        // Gnocchi lets the first revision of an answer begin with the question. Asked for a period before the resource was
        // there, it would have given nothing.
        if (revision < periods[i]!.end) addTo(lane.cells, i, entry, known !== undefined)
      }
    }
  }
  return [...lanes.values()]
}

/** Digits that are left of a double after Gnocchi has multiplied it with the part of a bucket that a revision took. */
const WEIGHED_DIGITS = 15

/** Gnocchi itself adds up what revisions of a group have at the same instant. */
function addTo(cells: (Entry[] | undefined)[], i: number, entry: Entry, mayMeetAnother: boolean): void {
  const cell = cells[i]
  if (!cell) {
    cells[i] = [entry]
    return
  }
  const same = mayMeetAnother
    ? cell.findIndex(({ at, granularity }) => at === entry.at && granularity === entry.granularity)
    : -1
  if (same === -1) cell.push(entry)
  else cell[same] = together(cell[same]!, entry)
}

function together(a: Entry, b: Entry): Entry {
  return { ...a, value: add(a.value, b.value, WEIGHED_DIGITS), revision: Math.max(a.revision, b.revision) }
}

/** A measure and the numbers of the periods, from and to, for which it counts. */
interface Placed extends Omit<Entry, 'revision'> {
  readonly from: number
  readonly to: number
}

/** A function that says for which periods measures count. */
function toPlacement({ plan, args, periods, measures: reading }: UsageQuestion) {
  const { begin, end } = periods[0]!
  const seconds = end - begin
  const last = periods.length - 1
  const before = (instant: number): number => Math.ceil((instant - begin) / seconds) - 1
  const holding = (instant: number): number => Math.floor((instant - begin) / seconds)

  /**
   * CloudKitty reads every bucket that a period touches. Where buckets reach over the ends of periods, that would count
   * some twice: with all measures a bucket belongs to the period in which it begins, and one that is longer than a period
   * to those that begin in it.
   */
  const range = (at: number, granularity: number): readonly [number, number] => {
    const to = before(at + granularity)
    if (reading === 'first') return [holding(at), to]
    return granularity <= seconds ? [holding(at), holding(at)] : [before(at) + 1, to]
  }
  return function* (measures: readonly Measure[]): Generator<Placed> {
    let previous: Measure | undefined
    for (const measure of measures) {
      const { at, granularity } = measure
      const neighbour = previous?.granularity === granularity ? previous : undefined
      previous = measure
      let [from, to] = range(at, granularity)
      let value = decimalFromNumber(measure.value)
      if (plan.rate === 'ours') {
        if (!neighbour) continue
        value = add(value, decimalFromNumber(-neighbour.value))
        // CloudKitty's question begins this much before the period; the measure before must not be older.
        const reach = (i: number): number =>
          Math.floor((begin + i * seconds - args.force_granularity) / granularity) * granularity
        while (to >= from && neighbour.at < reach(to)) to--
      }
      from = Math.max(0, from)
      to = Math.min(last, to)
      if (from <= to) yield { at, granularity, value, from, to }
    }
  }
}

function ofLane({ group, cells }: Lane, i: number, question: UsageQuestion): Omit<Usage, 'period'> | undefined {
  const cell = cells[i]
  return cell && { group, value: oneOf(cell, question) }
}

/** All lanes with the same resource, where the definition wants one point for all its revisions. */
function bundledById(lanes: readonly Lane[], { scopeKey }: UsageQuestion): Lane[][] {
  const bundles = new Map<string, Lane[]>()
  for (const lane of lanes) {
    const key = JSON.stringify([attributeText(lane.group[scopeKey]), attributeText(lane.group['id'])])
    const bundle = bundles.get(key)
    if (bundle) bundle.push(lane)
    else bundles.set(key, [lane])
  }
  return [...bundles.values()]
}

/** The attributes of the last revision in the period, and the usage of all of them. */
function ofRevisions(bundle: readonly Lane[], i: number, question: UsageQuestion): Omit<Usage, 'period'> | undefined {
  const used = bundle.filter(({ cells }) => cells[i] !== undefined)
  if (used.length === 0) return undefined
  const latest = used.reduce((a, b) => (revisionOf(a.cells[i]!) > revisionOf(b.cells[i]!) ? a : b))
  const cells = used.map(({ cells: each }) => each[i]!)
  const { group } = latest
  if (question.measures === 'all') {
    const all: (Entry[] | undefined)[] = [undefined]
    for (const entry of cells.flat()) addTo(all, 0, entry, true)
    return { group, value: oneOf(all[0]!, question) }
  }
  // CloudKitty adds up the revisions that have one measure, unless the last one has several: then it counts alone.
  if (latest.cells[i]!.length > 1) return { group, value: oneOf(latest.cells[i]!, question) }
  const singles = cells.filter((cell) => cell.length === 1)
  return { group, value: singles.map(([entry]) => entry!.value).reduce((a, b) => add(a, b)) }
}

function revisionOf(cell: readonly Entry[]): number {
  return cell.reduce((latest, { revision }) => Math.max(latest, revision), -Infinity)
}

/** One value of a period's measures, at least one. */
function oneOf(cell: readonly Entry[], { args, periods, measures }: UsageQuestion): Exact {
  if (cell.length === 1) return cell[0]!.value
  // Gnocchi's order, which is lost where revisions were brought together.
  const ordered = cell.toSorted((a, b) => b.granularity - a.granularity || a.at - b.at)
  if (measures === 'first') return ordered[0]!.value
  // Without force_granularity the same usage comes at several granularities: the coarsest that fits into a period, or else
  // the finest, tells it all.
  const seconds = periods[0]!.end - periods[0]!.begin
  const granularity = (ordered.find((entry) => entry.granularity <= seconds) ?? ordered.at(-1)!).granularity
  const values = ordered.filter((entry) => entry.granularity === granularity).map(({ value }) => value)
  return reAggregate(values, args.re_aggregation_method.replace(/^rate:/, '') as Method)
}
