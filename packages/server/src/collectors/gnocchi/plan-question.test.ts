import { expect, test } from 'vitest'
import { type Period, periodsFrom } from '../../domain/period.ts'
import { ExtraArgs } from './extra-args.ts'
import { planQuestion, toAggregatesQuery } from './plan-question.ts'

const HOURS = periodsFrom(1_780_272_000, 3, 3600)
const [OLD, NEW, UNKNOWN] = ['4.4.2', '4.6.5', undefined]

interface Situation {
  readonly version: string | undefined
  readonly periods: readonly Period[]
  readonly groupby: readonly string[]
}

function planOf(args: Record<string, unknown>, situation: Partial<Situation> = {}) {
  const { version, periods, groupby } = { version: OLD, periods: HOURS, groupby: ['id', 'project_id'], ...situation }
  const extraArgs = ExtraArgs.parse({ resource_type: 'instance', ...args })
  return { extraArgs, plan: planQuestion({ name: 'cpu', groupby, extraArgs }, periods, version) }
}

test('asks as CloudKitty does, but for all scopes and periods', () => {
  const { plan, extraArgs } = planOf({ aggregation_method: 'mean' })
  expect(toAggregatesQuery(plan, extraArgs, 'project_id', ['a', 'b'], HOURS)).toEqual({
    operations: ['aggregate', 'max', ['metric', 'cpu', 'mean']],
    resourceType: 'instance',
    search: { and: [{ '=': { type: 'instance' } }, { in: { project_id: ['a', 'b'] } }] },
    groupby: ['id', 'project_id'],
    start: 1_780_272_000,
    stop: 1_780_282_800,
    granularity: 3600,
    useHistory: false,
  })
})

test('without a forced granularity none is asked for', () => {
  const { plan, extraArgs } = planOf({ force_granularity: 0 })
  const query = toAggregatesQuery(plan, extraArgs, 'project_id', ['a'], HOURS)
  expect(query).toMatchObject({ granularity: undefined, search: { and: [{}, { '=': { project_id: 'a' } }] } })
})

test("placeholders of a custom query are replaced in CloudKitty's order, all of them", () => {
  const custom_query =
    '(aggregate RE_AGGREGATION_METHOD (/ (metric METRIC_NAME AGGREGATION_METHOD) (metric METRIC_NAME max)))'
  expect(planOf({ custom_query, aggregation_method: 'mean', re_aggregation_method: 'sum' }).plan).toMatchObject({
    operations: '(aggregate sum (/ (metric cpu mean) (metric cpu max)))',
    manyPeriods: true,
  })
})

test.each([
  ['first', 'max'],
  ['last', 'max'],
  ['mean', 'mean'],
])('%s over time is asked for as %s across series, which Gnocchi knows', (method, across) => {
  expect(planOf({ re_aggregation_method: method }).plan.operations).toEqual([
    'aggregate',
    across,
    ['metric', 'cpu', 'max'],
  ])
})

test('a count is asked for as a double, which Gnocchi can write', () => {
  const counted = ['aggregate', 'count', ['metric', 'cpu', 'max']]
  expect(planOf({ re_aggregation_method: 'count' }).plan.operations).toEqual(['*', counted, 1])
})

test.each([
  ['up to 4.4 are made of the measures, so that many periods fit one question', OLD, 'ours', 'sum', true],
  ['with history are left to Gnocchi, period by period', NEW, 'theirs', 'rate:sum', false],
  ['of a Gnocchi without a version too', UNKNOWN, 'theirs', 'rate:sum', false],
])('differences %s', (_what, version, rate, method, manyPeriods) => {
  const { plan, extraArgs } = planOf({ re_aggregation_method: 'rate:sum', force_granularity: 300 }, { version })
  expect(plan).toMatchObject({ rate, manyPeriods, operations: ['aggregate', method, ['metric', 'cpu', 'max']] })
  expect(toAggregatesQuery(plan, extraArgs, 'project_id', ['a'], HOURS).start).toBe(1_780_272_000 - 300)
})

test.each<[string, Partial<Situation>, Record<string, unknown>, boolean, boolean, boolean]>([
  ['an old Gnocchi', { version: OLD }, {}, true, false, false],
  ['an old Gnocchi, whatever the granularity', { version: OLD }, { force_granularity: 7200 }, true, false, false],
  ['one with history', { version: NEW }, {}, true, true, true],
  ['one with history and fine buckets', { version: '5.0.0' }, { force_granularity: 300 }, true, true, true],
  [
    'one with history and buckets that reach over periods',
    { version: NEW },
    { force_granularity: 7200 },
    false,
    true,
    true,
  ],
  [
    'one with history, but granularities that it would mix',
    { version: NEW },
    { force_granularity: 0 },
    true,
    false,
    false,
  ],
  ['one with history and shifted periods', { version: NEW, periods: periodsFrom(60, 2, 3600) }, {}, false, true, true],
  [
    'one with history, but no id to tell revisions by',
    { version: NEW, groupby: ['project_id'] },
    {},
    true,
    false,
    false,
  ],
  ['one that does not tell its version', { version: UNKNOWN }, {}, false, true, false],
])('for %s the plan is safe', (_what, situation, args, manyPeriods, useHistory, byRevision) => {
  const { plan } = planOf(args, situation)
  expect(plan).toMatchObject({ manyPeriods, useHistory, byRevision })
  expect(plan.groupby.includes('revision_start')).toBe(byRevision)
})

test('a definition that groups by revisions has them once', () => {
  const groupby = ['id', 'revision_start', 'project_id']
  expect(planOf({}, { version: NEW, groupby }).plan.groupby).toEqual(groupby)
})

test.each([
  ['(aggregate max (metric METRIC_NAME mean))', true],
  ['(aggregate max (* (abs (metric METRIC_NAME mean)) 2))', true],
  ['( / (aggregate sum (metric (a mean) (b mean))) 1024 )', false],
  ['(aggregate rate:max (metric METRIC_NAME mean))', false],
  ['(rolling mean 3 (metric METRIC_NAME mean))', false],
  ['(aggregate max (rateofchange (metric METRIC_NAME mean)))', false],
  ['(resample mean 3600 (aggregate max (metric METRIC_NAME mean)))', false],
  ['(something_new (metric METRIC_NAME mean))', false],
  ['', true],
])('of the custom query %s many periods may be asked for at once: %s', (custom_query, manyPeriods) => {
  expect(planOf({ custom_query }).plan.manyPeriods).toBe(manyPeriods)
})
