import fc from 'fast-check'
import { CALENDAR } from '../../domain/calendar.ts'
import { Decimal } from '../../domain/decimal.ts'
import type { Point } from '../../domain/point.ts'
import { SAMPLE_METHODS, type Sample, type SampleQuery } from '../../domain/sample.ts'
import type { AttributeValue, Attributes } from '../../domain/series.ts'
import type { Snapshot, Tombstone } from '../../domain/snapshot.ts'
import { TimeZone } from '../../domain/time-zone.ts'
import { PythonNumber } from '../../lib/python-text.ts'
import { type Grouping, groupingBy } from '../grouping.ts'
import { type TotalQuery, VALUE_FUNCTIONS } from '../point-store.ts'
import { ZONE_NAMES } from '../../domain/testing/local-time.ts'
import { DAY, HOUR, JUNE, series, SUMS } from './points.ts'

/** Random points, samples, snapshots and questions: few of each kind of value, so that they meet; and odd ones. */

const word = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom('', 'a', 'b', "'", '"', '🙂', 'é', '\uffee', 'type', 'A', '1', 'None') },
  fc.constantFrom('\\', "\\'", '\n', '\t', 'a\u0000b', '\\N', '{p0:String}', '$1', '%_', 'ключ', '👨‍👩‍👧‍👦', ' '),
  fc.string({ unit: 'binary', maxLength: 3 }),
)
const ODD_NAMES = ["o'k", '🔑', 'type', 'a.b', 'new\nline', '\\', 'a\u0000b', ''] as const
const name = fc.constantFrom('id', 'project_id', 'flavor', 'unit', 'month', ...ODD_NAMES)
const value: fc.Arbitrary<AttributeValue> = fc.oneof(
  { weight: 5, arbitrary: word },
  fc.constantFrom<AttributeValue[]>(1, 1.5, new PythonNumber('1.0'), true, null, [], ['a'], { k: 'a' }),
)
const given: fc.Arbitrary<Attributes> = fc.dictionary(
  fc.constantFrom('id', 'flavor', 'month', 'year', ...ODD_NAMES),
  value,
  {
    maxKeys: 3,
    noNullPrototype: true,
  },
)
const scope = fc.constantFrom('', 'alpha', 'beta', '🙂')
const identity = fc
  .record({
    scopeId: scope,
    type: fc.constantFrom('t', 'T', '\uffee', '🙂'),
    unit: fc.constantFrom('', 'GiB'),
    groupby: given,
    metadata: given,
  })
  .map((fields) =>
    series({ ...fields, groupby: { ...fields.groupby, ...(fields.scopeId && { project_id: fields.scopeId }) } }),
  )
/** Of two weeks of June, seldom from around a change of clocks in Europe or America. */
export const instant = fc.oneof(
  { weight: 9, arbitrary: fc.integer({ min: -3, max: 40 }).map((n) => JUNE + n * 1800 * 7) },
  fc
    .tuple(fc.constantFrom('2026-03-29', '2026-10-25', '2026-11-01', '2026-12-31'), fc.integer({ min: -6, max: 50 }))
    .map(([day, n]) => Date.parse(day) / 1000 + n * 1800),
)
const number = fc.oneof(
  fc.bigInt({ min: -100n, max: 100n }).map((n) => new Decimal(n, 1)),
  fc.bigInt({ min: -(10n ** 12n), max: 10n ** 12n }).map((n) => new Decimal(n, 18)),
  fc.bigInt({ min: -(10n ** 36n), max: 10n ** 36n }).map((n) => new Decimal(n, 18)),
  fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }).map((n) => new Decimal(n, 9)),
)
export const anyPoint: fc.Arbitrary<Point> = fc.record({
  series: identity,
  begin: instant,
  end: instant,
  quantity: number,
  price: number,
  rules: fc.constant([]),
})
export const batch = fc.integer({ min: 1, max: 6 })
export const anyTombstone: fc.Arbitrary<Tombstone> = fc.record({
  scopeId: scope,
  begin: instant,
  end: fc.oneof(instant, fc.constant(undefined)),
  upTo: batch,
})
export const snapshot: fc.Arbitrary<Snapshot> = fc.record({
  highest: fc.integer({ min: 3, max: 7 }),
  hidden: fc.array(batch, { maxLength: 2 }),
  tombstones: fc.array(anyTombstone, { maxLength: 3 }),
})
const filterText = fc.oneof(
  word,
  fc.constantFrom('alpha', 'beta', 't', 'GiB', 'None', 'True', '6', '["a"]', '1.5', '1.0'),
)
const paging = { offset: fc.oneof(fc.constant(0), fc.nat(12)), limit: fc.oneof(fc.constant(undefined), fc.nat(12)) }
const filter = {
  begin: instant,
  end: instant,
  zone: fc.constantFrom(...ZONE_NAMES).map((each) => TimeZone.named(each)!),
  types: fc.oneof(fc.constant([]), fc.array(fc.constantFrom('t', 'T', '🙂'), { maxLength: 2 })),
  attributes: fc.oneof(
    fc.constant(new Map<string, string[]>()),
    fc
      .array(fc.tuple(name, fc.array(filterText, { minLength: 1, maxLength: 4 })), { maxLength: 2 })
      .map((all) => new Map(all)),
  ),
}
const grouping: fc.Arbitrary<Grouping> = fc.oneof(
  { weight: 3, arbitrary: name.map(groupingBy) },
  fc.constant<Grouping>({ by: 'type' }),
  fc.constantFrom(...CALENDAR).map((calendar): Grouping => ({ by: 'calendar', name: calendar })),
)
const buckets = fc.record({
  seconds: fc.constantFrom(HOUR, DAY, 7 * HOUR, 7 * DAY, 1),
  origin: fc.constantFrom(0, JUNE, JUNE + 1800, JUNE - 3 * DAY - 1, -1),
})
const groupby = fc.array(grouping, { maxLength: 3 })
const values = fc.oneof(
  fc.constant([...SUMS]),
  fc.array(
    fc.record({
      function: fc.constantFrom(...VALUE_FUNCTIONS),
      column: fc.constantFrom('qty' as const, 'price' as const),
      alias: fc.constant('x'),
    }),
    {
      minLength: 1,
      maxLength: 4,
    },
  ),
)
export const totalQuery: fc.Arbitrary<TotalQuery> = fc.record({
  ...filter,
  ...paging,
  groupby,
  buckets: fc.oneof(fc.constant(undefined), buckets),
  values,
})

export const reading: fc.Arbitrary<Sample> = fc.record({
  name: fc.constantFrom('cpu', 'ram'),
  at: fc.integer({ min: -90, max: 200 }).map((n) => JUNE + n),
  value: number,
  labels: fc.record(
    {
      project_id: fc.constantFrom('', 'alpha', 'beta'),
      id: fc.constantFrom('', '1', "'"),
      disk: fc.constantFrom('a', '🙂'),
    },
    { requiredKeys: [] },
  ) as fc.Arbitrary<Record<string, string>>,
})
export const sampleQuery: fc.Arbitrary<SampleQuery> = fc.record({
  name: fc.constantFrom('cpu', 'ram'),
  method: fc.constantFrom(...SAMPLE_METHODS),
  labels: fc.uniqueArray(fc.constantFrom('id', 'project_id', 'disk', 'none'), { maxLength: 3 }),
  scopeKey: fc.constantFrom('project_id', 'id'),
  scopes: fc.uniqueArray(fc.constantFrom('alpha', 'beta', '1'), { maxLength: 3 }),
  periods: fc
    .tuple(fc.integer({ min: 0, max: 3 }), fc.constantFrom(7, 60))
    .map(([count, seconds]) =>
      Array.from({ length: count }, (_, i) => ({ begin: JUNE + i * seconds, end: JUNE + (i + 1) * seconds })),
    ),
})
