import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Period, periodsFrom } from '../../domain/period.ts'
import { attributeText } from '../../domain/series.ts'
import type { AggregateGroup, AggregatesQuery, Measure } from '../../sources/gnocchi/gnocchi-client.ts'
import { ExtraArgs, METHODS } from './extra-args.ts'
import { planQuestion, toAggregatesQuery } from './plan-question.ts'
import { toUsage, type Usage } from './to-usage.ts'

const HOUR = 3600
const BEGIN = 490_000 * HOUR
const HOURS = periodsFrom(BEGIN, 3, HOUR)
const at = (minutes: number) => BEGIN + minutes * 60

function usageOf(
  groups: readonly AggregateGroup[],
  args: Record<string, unknown> = {},
  more: {
    measures?: 'all' | 'first'
    byRevision?: boolean
    rate?: 'ours'
    groupby?: string[]
    periods?: Period[]
  } = {},
): [scope: string | undefined, minutes: number, value: string][] {
  const { measures = 'all', byRevision = false, rate, groupby = ['id', 'project_id'], periods = HOURS } = more
  const extraArgs = ExtraArgs.parse({ resource_type: 'instance', ...args })
  const question = { plan: { byRevision, rate }, args: extraArgs, scopeKey: 'project_id', groupby, periods, measures }
  return toUsage(groups, question).map(({ group, period, value }) => [
    attributeText(groupby.includes('flavor') ? group['flavor'] : group['id']),
    (period.begin - BEGIN) / 60,
    value.toString(),
  ])
}

const group = (measures: readonly (readonly [minutes: number, granularity: number, value: number])[], more = {}) => ({
  group: { id: 'vm', project_id: 'a', ...more },
  measures: measures.map(([minutes, granularity, value]) => ({ at: at(minutes), granularity, value })),
})

const FIVE_MINUTES = [
  [0, 300, 1],
  [5, 300, 4],
  [55, 300, 2],
  [60, 300, 0.1],
  [65, 300, 0.2],
] as const

test.each([
  [
    'max',
    [
      ['vm', 0, '4'],
      ['vm', 60, '0.2'],
    ],
  ],
  [
    'sum',
    [
      ['vm', 0, '7'],
      ['vm', 60, '0.3'],
    ],
  ],
  [
    'last',
    [
      ['vm', 0, '2'],
      ['vm', 60, '0.2'],
    ],
  ],
  [
    'rate:sum',
    [
      ['vm', 0, '7'],
      ['vm', 60, '0.3'],
    ],
  ],
])('all measures of a period count, brought together by %s', (re_aggregation_method, wanted) => {
  expect(usageOf([group(FIVE_MINUTES)], { re_aggregation_method, force_granularity: 300 })).toEqual(wanted)
})

test("CloudKitty's reading takes the first measure", () => {
  expect(usageOf([group(FIVE_MINUTES)], { re_aggregation_method: 'sum' }, { measures: 'first' })).toEqual([
    ['vm', 0, '1'],
    ['vm', 60, '0.1'],
  ])
})

test('of several granularities the coarsest that fits into a period counts, and the same usage only once', () => {
  const measures = [
    [-1440, 86_400, 100],
    [0, 86_400, 50],
    [0, HOUR, 7],
    [0, 300, 1],
    [5, 300, 6],
    [60, 300, 3],
    [65, 300, 4],
  ] as const
  expect(usageOf([group(measures)], { re_aggregation_method: 'sum', force_granularity: 0 })).toEqual([
    ['vm', 0, '7'],
    ['vm', 60, '7'],
    // Nothing finer was measured then: the long one is what there is.
    ['vm', 120, '50'],
  ])
  expect(usageOf([group(measures)], { force_granularity: 0 }, { measures: 'first' })).toEqual([
    ['vm', 0, '50'],
    ['vm', 60, '50'],
    ['vm', 120, '50'],
  ])
})

test('a bucket that is longer than a period counts for those that begin in it', () => {
  const measures = [
    [0, 7200, 5],
    [120, 7200, 6],
  ] as const
  expect(usageOf([group(measures)], { force_granularity: 7200 })).toEqual([
    ['vm', 0, '5'],
    ['vm', 60, '5'],
    ['vm', 120, '6'],
  ])
})

test('a bucket that reaches over the end of a period counts once, where it begins; CloudKitty bills it twice', () => {
  const measures = [
    [0, HOUR, 5],
    [60, HOUR, 6],
  ] as const
  const periods = periodsFrom(at(30), 2, HOUR)
  expect(usageOf([group(measures)], { re_aggregation_method: 'sum' }, { periods })).toEqual([['vm', 30, '6']])
  expect(usageOf([group(measures)], {}, { periods, measures: 'first' })).toEqual([
    ['vm', 30, '5'],
    ['vm', 90, '6'],
  ])
})

test('a difference is to the measure just before, and to none that is older', () => {
  const measures = [
    [-60, HOUR, 10],
    [0, HOUR, 10.3],
    [120, HOUR, 11],
  ] as const
  const args = { re_aggregation_method: 'rate:max' }
  expect(usageOf([group(measures)], args, { rate: 'ours' })).toEqual([['vm', 0, '0.3']])
})

test('differences of several measures in a period are brought together like measures', () => {
  const measures = [
    [-5, 300, 1],
    [0, 300, 3],
    [30, 300, 4],
    [55, 300, 10],
    [60, 300, 10],
  ] as const
  const of = (method: string) =>
    usageOf([group(measures)], { re_aggregation_method: method, force_granularity: 300 }, { rate: 'ours' })
  expect(of('rate:sum')).toEqual([
    ['vm', 0, '9'],
    ['vm', 60, '0'],
  ])
  expect(of('rate:max')[0]).toEqual(['vm', 0, '6'])
  expect(of('rate:last')[0]).toEqual(['vm', 0, '6'])
})

const revisionAt = (minutes: number, flavor: string) => ({
  revision_start: new Date(at(minutes) * 1000).toISOString(),
  flavor,
})

/** A small resource, and its second revision in the middle of the second hour. */
const revised = (flavor: string) => [
  group(
    [
      [0, HOUR, 1],
      [60, HOUR, 1],
    ],
    revisionAt(0, 'small'),
  ),
  group(
    [
      [60, HOUR, 2],
      [120, HOUR, 3],
    ],
    revisionAt(90, flavor),
  ),
]
const BY_FLAVOR = { byRevision: true, groupby: ['id', 'project_id', 'flavor'] }

test('revisions with the same attributes are one usage, added up instant by instant', () => {
  expect(usageOf(revised('small'), {}, BY_FLAVOR)).toEqual([
    ['small', 0, '1'],
    ['small', 60, '3'],
    ['small', 120, '3'],
  ])
})

test('revisions with different attributes are different usages', () => {
  expect(usageOf(revised('large'), {}, BY_FLAVOR)).toEqual([
    ['small', 0, '1'],
    ['small', 60, '1'],
    ['large', 60, '2'],
    ['large', 120, '3'],
  ])
  expect(usageOf(revised('large'), { use_all_resource_revisions: false }, BY_FLAVOR)).toEqual([
    ['small', 0, '1'],
    ['large', 60, '3'],
    ['large', 120, '3'],
  ])
})

test("only the last revision's point, with the usage of all: their measures meet before they are brought together", () => {
  const groups = [
    group(
      [
        [0, 300, 10],
        [5, 300, 10],
        [10, 300, 5],
      ],
      revisionAt(0, 'small'),
    ),
    group(
      [
        [10, 300, 10],
        [15, 300, 20],
      ],
      revisionAt(12.5, 'large'),
    ),
  ]
  const args = { use_all_resource_revisions: false, force_granularity: 300, re_aggregation_method: 'max' }
  expect(usageOf(groups, args, BY_FLAVOR)).toEqual([['large', 0, '20']])
  expect(usageOf(groups, args, { ...BY_FLAVOR, measures: 'first' })).toEqual([['large', 0, '10']])
})

test('what Gnocchi gives for a time before it knew the resource does not count', () => {
  const groups = [
    group(
      [
        [0, HOUR, 1],
        [60, HOUR, 2],
      ],
      revisionAt(61, 'small'),
    ),
  ]
  expect(usageOf(groups, {}, { byRevision: true })).toEqual([['vm', 60, '2']])
})

/** A resource for a Gnocchi that is made up here: raw samples, and since when it had which flavor. */
interface MadeUp {
  readonly id: string
  readonly scope: string
  readonly samples: readonly (readonly [instant: number, value: number])[]
  readonly revisions: readonly { readonly from: number; readonly flavor: string }[]
}

/** What a Gnocchi answers: 4.4, or a later one with history, which gives each revision its part of a bucket. */
function answerOf(cloud: readonly MadeUp[], query: AggregatesQuery, granularity: number): AggregateGroup[] {
  const scopes = JSON.stringify(query.search)
  const [operator, aggregate] = query.operations as [string, [string, string]]
  const method = operator === 'aggregate' ? String(aggregate) : aggregate[1]
  const groups = new Map<string, { group: Record<string, string>; measures: Measure[] }>()
  for (const { id, scope, samples, revisions } of cloud) {
    if (!scopes.includes(`"${scope}"`)) continue
    const known = query.useHistory
      ? revisions
          .map((revision, i) => ({ ...revision, until: revisions[i + 1]?.from ?? Infinity }))
          .filter(({ from, until }) => from < query.stop && until >= query.start)
      : [{ ...revisions.at(-1)!, until: Infinity }]
    for (const [i, { from, until, flavor }] of known.entries()) {
      const start = i === 0 ? query.start : Math.max(from, query.start)
      const stop = Math.min(until, query.stop)
      const buckets = new Map<number, number>()
      for (const [instant, value] of samples) {
        const bucket = Math.floor(instant / granularity) * granularity
        if (bucket >= Math.floor(start / granularity) * granularity && bucket < stop) buckets.set(bucket, value)
      }
      const values = [...buckets].toSorted(([a], [b]) => a - b)
      const rated = method.startsWith('rate:')
        ? values.slice(1).map(([bucket, value], n) => [bucket, value - values[n]![1]] as const)
        : values
      const attributes: Record<string, string> = { id, project_id: scope, flavor, revision_start: iso(from) }
      const group = Object.fromEntries(query.groupby.map((name) => [name, attributes[name]!]))
      const key = JSON.stringify(group)
      const { measures } = groups.get(key) ?? groups.set(key, { group, measures: [] }).get(key)!
      for (const [bucket, value] of rated) {
        const part = Math.min(stop, bucket + granularity) - Math.max(start, bucket)
        const weighed = query.useHistory ? (value * part) / granularity : value
        const same = measures.findIndex((measure) => measure.at === bucket)
        if (same === -1) measures.push({ at: bucket, granularity, value: weighed })
        else measures[same] = { ...measures[same]!, value: measures[same]!.value + weighed }
      }
    }
  }
  return [...groups.values()].map(({ group, measures }) => ({
    group,
    measures: measures.toSorted((a, b) => a.at - b.at),
  }))
}

const iso = (instant: number) => new Date(instant * 1000).toISOString()

const madeUp = fc
  .record({
    scope: fc.constantFrom('a', 'b'),
    // Whole eighths, and revisions on whole eighths of every bucket, so that weighing them is exact.
    samples: fc.uniqueArray(fc.tuple(fc.integer({ min: -40, max: 200 }), fc.integer({ min: -80, max: 800 })), {
      selector: ([slot]) => slot,
      maxLength: 60,
    }),
    revisions: fc.uniqueArray(fc.tuple(fc.integer({ min: -40, max: 200 }), fc.constantFrom('small', 'large')), {
      selector: ([slot]) => slot,
      minLength: 1,
      maxLength: 4,
    }),
  })
  .map(({ scope, samples, revisions }): Omit<MadeUp, 'id'> => ({
    scope,
    samples: samples.map(([slot, value]) => [BEGIN + slot * 75, value / 8]),
    revisions: revisions.toSorted(([a], [b]) => a - b).map(([slot, flavor]) => ({ from: BEGIN + slot * 75, flavor })),
  }))

test('many scopes and periods at once give what each gives alone, by every Gnocchi', () => {
  fc.assert(
    fc.property(
      fc.array(madeUp, { maxLength: 5 }).map((all) => all.map((each, i): MadeUp => ({ ...each, id: `vm${i}` }))),
      fc.record({
        version: fc.constantFrom('4.4.2', '4.7.0', undefined),
        groupby: fc.constantFrom(['id', 'project_id'], ['id', 'flavor', 'project_id']),
        method: fc.constantFrom(...METHODS),
        rated: fc.boolean(),
        granularity: fc.constantFrom(300, 600, 3600, 7200),
        use_all_resource_revisions: fc.boolean(),
        measures: fc.constantFrom('all' as const, 'first' as const),
        periods: fc
          .record({
            from: fc.integer({ min: -4, max: 12 }),
            count: fc.integer({ min: 1, max: 4 }),
            seconds: fc.constantFrom(600, 1800, 3600),
          })
          .map(({ from, count, seconds }) => periodsFrom(BEGIN + from * 600, count, seconds)),
      }),
      (cloud, { version, groupby, method, rated, granularity, use_all_resource_revisions, measures, periods }) => {
        const args = ExtraArgs.parse({
          resource_type: 'instance',
          re_aggregation_method: rated ? `rate:${method}` : method,
          force_granularity: granularity,
          use_all_resource_revisions,
        })
        const collect = (scopes: readonly string[], some: readonly Period[]): Usage[] => {
          const plan = planQuestion({ name: 'cpu', groupby, extraArgs: args }, some, version)
          if (!plan.manyPeriods && some.length > 1) return some.flatMap((period) => collect(scopes, [period]))
          const query = toAggregatesQuery(plan, args, 'project_id', scopes, some)
          const answer = answerOf(cloud, query, granularity)
          return toUsage(answer, { plan, args, scopeKey: 'project_id', groupby, periods: some, measures })
        }
        const alone = ['a', 'b'].flatMap((scope) => periods.flatMap((period) => collect([scope], [period])))
        expect(texts(collect(['a', 'b'], periods))).toEqual(texts(alone))
      },
    ),
    { numRuns: 2000 },
  )
})

function texts(usage: readonly Usage[]): string[] {
  return usage
    .map(({ group, period, value }) => JSON.stringify([group, period, value.toString()]))
    .toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0))
}
