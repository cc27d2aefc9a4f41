import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Decimal, decimal, formatDecimal, subtract, ZERO } from '../../domain/decimal.ts'
import { type Frame, NO_RULES, type Point } from '../../domain/point.ts'
import { type Attributes, toSeries } from '../../domain/series.ts'
import { TimeZone, UTC } from '../../domain/time-zone.ts'
import { PythonNumber } from '../../lib/python-text.ts'
import { Fault } from '../../lib/fault.ts'
import { HashmapRater } from './hashmap-rater.ts'
import type { Rules } from './rules.ts'
import { buildRules, type RuleSketch } from './testing/build-rules.ts'
import { naivePrice } from './testing/naive-price.ts'

const PERIOD = { begin: 3600, end: 7200 }

interface PointSketch {
  readonly quantity: string
  readonly type?: string
  readonly scope?: string
  readonly metadata?: Attributes
  readonly groupby?: Attributes
  readonly price?: string
}

function pointOf({ quantity, type = 'compute', scope = '', metadata = {}, groupby = {}, price }: PointSketch): Point {
  const series = toSeries({ scopeId: scope, type, unit: 'u', groupby, metadata })
  const amount = decimal(quantity)
  return { series, ...PERIOD, quantity: amount, price: price ? decimal(price) : ZERO, rules: NO_RULES }
}

function frameOf(points: readonly Point[], scopeId?: string, begin = PERIOD.begin): Frame {
  return { scopeId, period: { begin, end: begin + 3600 }, points }
}

const raterOf = (rules: Rules, zone = UTC) => new HashmapRater(rules, zone)

function rateFrame(rater: HashmapRater, frame: Frame): Frame {
  return rater.rate([frame])[0]!
}

function priceOf(rules: Rules, sketch: PointSketch): string {
  const [point] = rateFrame(raterOf(rules), frameOf([pointOf(sketch)], sketch.scope)).points
  return formatDecimal(point!.price)
}

const UPTIME: RuleSketch[] = [
  { flat: '0.001', group: 'g' },
  { rate: '0.98', level: '50', group: 'g' },
]
const UPTIME_AND_200: RuleSketch[] = [...UPTIME, { rate: '0.95', level: '200', group: 'g' }]
const FLAVORS: RuleSketch[] = [
  { rate: '1.42' },
  { flat: '1.337', field: 'flavor', value: 'm1.tiny' },
  { rate: '13.37', field: 'flavor', value: 'm1.large', group: 'tg' },
  { flat: '0.02', field: 'memory', level: '64', group: 'tg' },
  { flat: '0.03', field: 'memory', level: '128', group: 'tg' },
]
const A_AND_B: RuleSketch[] = [
  { flat: '2', group: 'g' },
  { flat: '1', field: 'a', value: 'x', group: 'g' },
  { flat: '3', field: 'b', value: 'y', group: 'g' },
  { flat: '5', field: 'b', value: 'y', group: 'h' },
]
const LEVELS: RuleSketch[] = [
  { flat: '0.1', level: '1', group: 'g' },
  { flat: '0.15', level: '2', group: 'g' },
]
const MEMORY: RuleSketch[] = [
  { flat: '0.1337', field: 'mem', level: '64', group: 'g' },
  { flat: '0.2', field: 'mem', level: '128', group: 'g' },
]
const SERVICE_AND_FIELD = (serviceLevel: string, fieldLevel: string): RuleSketch[] => [
  { flat: '1', group: 'g' },
  { rate: '0.5', level: serviceLevel, group: 'g' },
  { flat: '10', field: 'mem', level: fieldLevel, group: 'g' },
]
const FLAT_ONE: RuleSketch = { flat: '1', group: 'g' }
const NOBODY: RuleSketch[] = []

// CloudKitty's own results, from running its hashmap module.
test.each<[string, RuleSketch[], PointSketch, string]>([
  ['1: a flat cost per unit', [{ flat: '0.001' }], { quantity: '20' }, '0.02'],
  ['2: below all levels', UPTIME_AND_200, { quantity: '20' }, '0.02'],
  ['2: on the first level', UPTIME_AND_200, { quantity: '50' }, '0.049'],
  ['2: between the levels', UPTIME_AND_200, { quantity: '80' }, '0.0784'],
  ['2: on the second level', UPTIME_AND_200, { quantity: '200' }, '0.19'],
  ['2: above all levels', UPTIME_AND_200, { quantity: '250' }, '0.2375'],
  [
    '3: a scope’s threshold of the same level replaces',
    [...UPTIME_AND_200, { rate: '0.97', level: '50', group: 'g', scope: 'A' }],
    { quantity: '80', scope: 'A' },
    '0.0776',
  ],
  [
    '4: a scope’s threshold of another level stands beside',
    [...UPTIME, { rate: '0.5', level: '60', group: 'g', scope: 'A' }],
    { quantity: '80', scope: 'A' },
    '0.04',
  ],
  ['5: a rate without a flat cost is nothing', [{ rate: '1.42' }], { quantity: '2' }, '0'],
  [
    '6: rates act inside their group only',
    FLAVORS,
    { quantity: '1', metadata: { flavor: 'm1.tiny', memory: '64' } },
    '1.91854',
  ],
  [
    '7: a field’s flat threshold is per unit, times the rate',
    FLAVORS,
    { quantity: '2', metadata: { flavor: 'm1.large', memory: '128' } },
    '0.8022',
  ],
  ['8: the dearest flat of a group, the groups added', A_AND_B, { quantity: '2', metadata: { a: 'x', b: 'y' } }, '16'],
  [
    '9: rates of a group multiply',
    [
      { flat: '2', group: 'g' },
      { rate: '0.5', field: 'a', value: 'x', group: 'g' },
      { rate: '0.1', field: 'b', value: 'y', group: 'g' },
    ],
    { quantity: '3', metadata: { a: 'x', b: 'y' } },
    '0.3',
  ],
  [
    '10: a service’s flat threshold is added once',
    [FLAT_ONE, { flat: '0.5', level: '1', group: 'g' }],
    { quantity: '4' },
    '4.5',
  ],
  ['11: the highest level wins', LEVELS, { quantity: '2' }, '0.15'],
  ['12: the highest field level wins', MEMORY, { quantity: '2', metadata: { mem: '128' } }, '0.4'],
  [
    '13: a higher field level beats a service level',
    SERVICE_AND_FIELD('2', '64'),
    { quantity: '4', metadata: { mem: '64' } },
    '44',
  ],
  [
    '14: on equal levels the service comes first',
    SERVICE_AND_FIELD('4', '4'),
    { quantity: '4', metadata: { mem: '4' } },
    '2',
  ],
  ['15: a negative flat cost never wins', [{ flat: '-2', group: 'g' }], { quantity: '2' }, '0'],
  ['16: level -1 never applies', [FLAT_ONE, { rate: '0.5', level: '-1', group: 'g' }], { quantity: '4' }, '4'],
  ['16: level 0 does', [FLAT_ONE, { rate: '0.5', level: '0', group: 'g' }], { quantity: '4' }, '2'],
  ['17: a quantity of zero reaches level 0', [{ flat: '3', level: '0', group: 'g' }], { quantity: '0' }, '3'],
  ['18: a rate threshold without a flat is nothing', [{ rate: '3', level: '1', group: 'g' }], { quantity: '2' }, '0'],
  [
    '19: a field’s rate threshold multiplies',
    [
      { flat: '2', group: 'g' },
      { rate: '3', field: 'mem', level: '64', group: 'g' },
    ],
    { quantity: '2', metadata: { mem: '100' } },
    '12',
  ],
  [
    '20: a scope’s own mapping replaces',
    [{ flat: '1' }, { flat: '7', scope: 'A' }],
    { quantity: '2', scope: 'A' },
    '14',
  ],
  ['20: but not for others', [{ flat: '1' }, { flat: '7', scope: 'A' }], { quantity: '2', scope: 'B' }, '2'],
  [
    '21: in another group both are active',
    [{ flat: '1' }, { flat: '7', scope: 'A', group: 'x' }],
    { quantity: '2', scope: 'A' },
    '16',
  ],
  ['22: a rate can displace a flat', [{ flat: '4' }, { rate: '0.5', scope: 'A' }], { quantity: '2', scope: 'A' }, '0'],
  ['23: the last loaded of two replaces', [FLAT_ONE, { flat: '3', group: 'g' }], { quantity: '2' }, '6'],
  [
    '24: text matches the whole number',
    [{ flat: '1', group: 'g', field: 'vcpus', value: '8' }],
    { quantity: '1', metadata: { vcpus: 8 } },
    '1',
  ],
  [
    '24: but not the float’s text',
    [{ flat: '1', group: 'g', field: 'vcpus', value: '8' }],
    { quantity: '1', metadata: { vcpus: '8.0' } },
    '0',
  ],
  ['25: adds to what is priced already', [{ flat: '0.001' }], { quantity: '20', price: '1.5' }, '1.52'],
  ['26: an unknown type stays as it is', [{ flat: '1' }], { quantity: '20', type: 'other', price: '1.5' }, '1.5'],
  ['no rules, no price', NOBODY, { quantity: '1' }, '0'],
  [
    'a product is cut to 28 digits',
    [{ flat: '0.1234567890123456789012345678' }],
    { quantity: '3' },
    '0.3703703670370370367037037034',
  ],
  [
    'a longer cost is cut to 28 digits',
    [{ flat: '123456789012.1234567890123456789012345678' }],
    { quantity: '1' },
    '123456789012.1234567890123457',
  ],
  [
    'groupby wins over metadata of the same name',
    [{ flat: '1', field: 'a', value: 'g' }],
    { quantity: '1', groupby: { a: 'g' }, metadata: { a: 'm' } },
    '1',
  ],
  [
    'True and None match by Python’s words',
    [
      { flat: '1', group: 'g', field: 'on', value: 'True' },
      { flat: '2', group: 'h', field: 'off', value: 'None' },
    ],
    { quantity: '1', metadata: { on: true, off: null } },
    '3',
  ],
  [
    'a float matches by Python’s text of it, and reaches thresholds as the number that it is',
    [
      { flat: '1', group: 'g', field: 'vcpus', value: '8.0' },
      { flat: '2', group: 'h', field: 'vcpus', value: '8' },
      { flat: '4', group: 'i', field: 'vcpus', level: '8' },
      { flat: '8', group: 'j', field: 'small', level: '0.0001' },
      { flat: '16', group: 'k', field: 'small', value: '1e-05' },
    ],
    { quantity: '1', metadata: { vcpus: new PythonNumber('8.0'), small: new PythonNumber('1e-05') } },
    '21',
  ],
  [
    'equal levels are one, however they are written',
    [
      { flat: '1', level: '50', group: 'g' },
      { flat: '2', level: '50.00000000', group: 'g' },
    ],
    { quantity: '50' },
    '2',
  ],
])('%s', (_guarantee, rules, point, price) => {
  expect(priceOf(buildRules(rules), point)).toBe(price)
})

test('a rule is valid from its start on, and not at its end', () => {
  const rater = raterOf(buildRules([{ flat: '1', start: 3_600_000_000n, end: 10_800_000_000n }]))
  const point = pointOf({ quantity: '1' })
  const prices = [0, 3600, 7200, 10_800, 7200].map((begin) => {
    const [rated] = rateFrame(rater, frameOf([{ ...point, begin, end: begin + 3600 }], undefined, begin)).points
    return formatDecimal(rated!.price)
  })
  expect(prices).toEqual(['0', '1', '1', '0', '1'])
})

test('frames come back in their order, each by the rules of its own period', () => {
  const rater = raterOf(buildRules([{ flat: '1', start: 3_600_000_000n, end: 10_800_000_000n }]))
  const frames = [7200, 0, 3600].map((begin) => frameOf([pointOf({ quantity: '1' })], `p${begin}`, begin))
  const rated = rater.rate(frames)
  expect(rated.map(({ scopeId }) => scopeId)).toEqual(['p7200', 'p0', 'p3600'])
  expect(rated.map(({ points }) => formatDecimal(points[0]!.price))).toEqual(['1', '0', '1'])
})

test('a rule that starts within the second is not yet valid at its beginning', () => {
  const rater = raterOf(buildRules([{ flat: '1', start: 3_600_000_001n }]))
  const [rated] = rateFrame(rater, frameOf([pointOf({ quantity: '1' })])).points
  expect(formatDecimal(rated!.price)).toBe('0')
})

test('a point keeps the rules that took part, in order of application, as one array per match', () => {
  const rules = buildRules([
    { id: 'beaten', flat: '1' },
    { id: 'rate', rate: '2', group: 'g' },
    { id: 'low', flat: '1', level: '1' },
    { id: 'high', flat: '2', level: '5' },
    { id: 'dear', flat: '3', field: 'a', value: 'x' },
    { id: 'other', flat: '4', field: 'a', value: 'y' },
  ])
  const points = ['r1', 'r2'].map((id) => pointOf({ quantity: '7', groupby: { id }, metadata: { a: 'x' } }))
  const [first, second] = rateFrame(raterOf(rules), frameOf(points)).points
  expect(first!.rules).toEqual(['rate', 'high', 'dear'])
  expect(second!.rules).toBe(first!.rules)
})

test('rules of a module before are kept in front', () => {
  const point = { ...pointOf({ quantity: '2', price: '1' }), rules: ['script'] }
  const [rated] = rateFrame(raterOf(buildRules([{ id: 'm', flat: '1' }])), frameOf([point])).points
  expect(rated!.rules).toEqual(['script', 'm'])
  expect(formatDecimal(rated!.price)).toBe('3')
})

test.each([['big'], ['1 GiB'], [['64']], ['NaN']])(
  'a field threshold on %j fails this scope, and says where',
  (value) => {
    const rater = raterOf(buildRules([{ flat: '1', field: 'mem', level: '64' }]))
    const frame = frameOf([pointOf({ quantity: '1', metadata: { mem: value } })], 'p1')
    const fault = faultOf(() => rater.rate([frame]))
    expect(fault.code).toBe('rating.failed')
    expect(fault.scopeIds).toEqual(['p1'])
    expect(fault.detail).toEqual({ type: 'compute', period: PERIOD, field: 'mem', value })
    expect(fault.message).toContain('p1')
  },
)

test.each([
  ['absent', {}],
  ['empty', { mem: '' }],
  ['blank', { mem: ' ' }],
  ['null', { mem: null }],
])('a field threshold on an attribute that is %s does not apply and does not fail', (_what, metadata) => {
  const rules = buildRules([
    { flat: '1', field: 'mem', level: '64' },
    { flat: '2', field: 'mem', level: '-1' },
    { flat: '4', field: 'mem', value: '64' },
    { flat: '8' },
  ])
  expect(priceOf(rules, { quantity: '1', metadata })).toBe('8')
})

test('an attribute that is absent or empty meets the mapping for the empty value', () => {
  const rules = buildRules([
    { flat: '1', field: 'mem', value: '' },
    { flat: '2', field: 'mem', value: 'None' },
  ])
  expect(priceOf(rules, { quantity: '1' })).toBe('1')
  expect(priceOf(rules, { quantity: '1', metadata: { mem: '' } })).toBe('1')
  expect(priceOf(rules, { quantity: '1', metadata: { mem: null } })).toBe('2')
})

const CALENDAR_RULES: RuleSketch[] = [
  { flat: '1', field: 'month', value: '3', group: 'a' },
  { flat: '10', field: 'year', value: '2026', group: 'b' },
  { flat: '100', field: 'day_of_the_year', value: '88', group: 'c' },
  { flat: '1000', field: 'week_of_the_year', value: '13', group: 'd' },
]

test('rules on the calendar match as those of CloudKitty, whose collectors put it into every groupby', () => {
  const at = (when: string, metadata = {}, groupby = {}, zone = UTC) => {
    const begin = Date.parse(when) / 1000
    const sketch = pointOf({ quantity: '1', metadata, groupby })
    const frame = frameOf([{ ...sketch, begin, end: begin + 3600 }], 'p', begin)
    return formatDecimal(rateFrame(raterOf(buildRules(CALENDAR_RULES), zone), frame).points[0]!.price)
  }
  expect(at('2026-03-29T00:00:00Z')).toBe('1111')
  expect(at('2026-03-28T23:00:00Z')).toBe('11')
  expect(at('2026-03-28T23:00:00Z', {}, {}, TimeZone.named('Europe/Berlin')!)).toBe('1111')
  expect(at('2025-04-01T00:00:00Z')).toBe('1000')
  // What the usage brought itself counts, wherever it stands; what is empty is as good as absent.
  expect(at('2026-03-29T00:00:00Z', { month: '4' }, { year: '2025' })).toBe('1100')
  expect(at('2020-01-01T00:00:00Z', { month: '3' }, { year: '2026' })).toBe('11')
  expect(at('2026-03-29T00:00:00Z', { month: '' })).toBe('1111')
})

test('the calendar is followed from period to period of one series', () => {
  const rater = raterOf(
    buildRules([...CALENDAR_RULES, { flat: '0.5', field: 'day_of_the_year', level: '88', group: 'e' }]),
  )
  const first = Date.parse('2026-03-27T00:00:00Z') / 1000
  const point = pointOf({ quantity: '1' })
  const frames = Array.from({ length: 6 }, (_, i) => {
    const begin = first + i * 12 * 3600
    return frameOf([{ ...point, begin, end: begin + 3600 }], 'p', begin)
  })
  const prices = rater.rate(frames).map(({ points }) => formatDecimal(points[0]!.price))
  expect(prices).toEqual(['11', '11', '11', '11', '1111.5', '1111.5'])
})

test('of usage that no rule prices it is known why, and rules that cost nothing are a price', () => {
  const later = BigInt(PERIOD.begin + 3600) * 1_000_000n
  const rules = buildRules([
    { flat: '0', field: 'flavor', value: 'free' },
    { flat: '1', field: 'flavor', value: 'm1', start: later },
    { flat: '1', field: 'mem', level: '64' },
  ])
  const rater = raterOf([
    ...rules,
    ...buildRules([], 'empty'),
    ...buildRules([{ flat: '1', start: later }], 'later'),
    ...buildRules([{ flat: '1', scope: 'p1' }], 'others'),
  ])
  const why = (type: string, metadata = {}, scopeId = 'p2') => {
    const [frame] = rater.rate([frameOf([pointOf({ quantity: '1', type, metadata })], scopeId)])
    const reason = rater.whyUnpriced(frame!.points[0]!, scopeId)
    return reason && { reason: reason.reason, ...(reason.seen && { seen: reason.seen() }) }
  }
  expect(why('compute', { flavor: 'free' })).toBeUndefined()
  expect(why('compute', { mem: '64' })).toBeUndefined()
  expect(why('compute', { flavor: '<nil>', mem: '1' })).toEqual({
    reason: 'no-match',
    seen: "flavor = '<nil>', mem = '1'",
  })
  expect(why('compute', { flavor: 'm1' })).toEqual({ reason: 'no-match', seen: "flavor = 'm1', mem = ''" })
  expect(why('typing-error')).toEqual({ reason: 'no-service' })
  expect(why('empty')).toEqual({ reason: 'no-rule' })
  expect(why('later')).toEqual({ reason: 'not-in-force' })
  expect(why('others')).toEqual({ reason: 'no-rule' })
  expect(why('others', {}, 'p1')).toBeUndefined()
  const ofTypes = ['compute', 'typing-error', 'empty', 'later', 'others'].map((type) =>
    rater.whyTypeUnpriced(type, PERIOD.begin),
  )
  expect(ofTypes).toEqual([undefined, 'no-service', 'no-rule', 'not-in-force', undefined])
})

test('the argument is not changed', () => {
  const frame = frameOf([pointOf({ quantity: '1' })])
  raterOf(buildRules([{ flat: '1' }])).rate([frame])
  expect(frame.points[0]!.price).toBe(ZERO)
  expect(frame.points[0]!.rules).toBe(NO_RULES)
})

function faultOf(run: () => unknown): Fault {
  try {
    run()
  } catch (error) {
    if (error instanceof Fault) return error
  }
  throw new Error('expected a fault')
}

const cost = fc.oneof(
  fc.constantFrom('0', '1', '2', '0.5', '-1', '0.001'),
  fc
    .tuple(fc.bigInt({ min: -(10n ** 40n) + 1n, max: 10n ** 40n - 1n }), fc.integer({ min: 0, max: 28 }))
    .map(([coefficient, scale]) => formatDecimal(new Decimal(coefficient, scale))),
)
const level = fc.constantFrom('-2', '-1', '0', '1', '2', '2.5', '64', '100')
const maybe = (...values: string[]) => fc.option(fc.constantFrom(...values), { nil: undefined })
const time = fc.bigInt({ min: 0n, max: 6n }).map((hour) => hour * 3_600_000_000n)

/** Any rule; `level` makes it a threshold and `field` a field's. */
const rule = fc
  .record({
    type: fc.constantFrom('flat', 'rate'),
    cost,
    group: maybe('g', 'h'),
    scope: maybe('A', 'B'),
    level: fc.option(level, { nil: undefined }),
    field: maybe('a', 'b'),
    value: fc.constantFrom('1', '2', '64', '64.0'),
    start: time,
    end: fc.option(time, { nil: undefined }),
  })
  .map(({ type, cost: amount, ...rest }): RuleSketch => {
    const { group, scope, level: at, field, value, start, end } = rest
    return {
      ...(type === 'flat' ? { flat: amount } : { rate: amount }),
      ...(group === undefined ? {} : { group }),
      ...(scope === undefined ? {} : { scope }),
      ...(at === undefined ? {} : { level: at }),
      ...(field === undefined ? {} : { field, value }),
      start,
      ...(end === undefined ? {} : { end }),
    }
  })

const quantity = fc.oneof(
  fc.constantFrom('0', '1', '2', '64', '-1', '2.5'),
  fc
    .tuple(fc.bigInt({ min: -(10n ** 25n), max: 10n ** 25n }), fc.integer({ min: 0, max: 18 }))
    .map(([coefficient, scale]) => formatDecimal(new Decimal(coefficient, scale))),
)
const attributes = fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.constantFrom('1', '2', '64', '64.0', '1000'))
const usage = fc.record({ quantity, metadata: attributes, groupby: attributes })

test('compiled rules price as a direct telling of the algorithm does, digit by digit', () => {
  fc.assert(
    fc.property(
      fc.array(rule, { maxLength: 14 }),
      fc.array(usage, { minLength: 1, maxLength: 5 }),
      fc.constantFrom(undefined, 'A', 'C'),
      fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 1, maxLength: 4 }),
      fc.constantFrom('0', '1.5', '-0.3333333333333333333333333333333333'),
      (sketches, usages, scope, hours, before) => {
        const rules = buildRules(sketches)
        const rater = raterOf(rules)
        const points = usages.map((each) => pointOf({ ...each, scope: scope ?? '', price: before }))
        // Several periods, so that what is remembered of one must not leak into another.
        for (const hour of hours) {
          const rated = rateFrame(rater, frameOf(points, scope, hour * 3600))
          rated.points.forEach((point, i) => {
            const { groupby, metadata } = usages[i]!
            const plain = {
              type: 'compute',
              desc: { ...metadata, ...groupby },
              quantity: point.quantity,
              price: points[i]!.price,
            }
            const wanted = naivePrice(rules, BigInt(hour) * 3_600_000_000n, scope, plain)
            expect(formatDecimal(point.price)).toBe(wanted)
          })
        }
      },
    ),
    { numRuns: 1000 },
  )
})

/** Costs so short that no step rounds: then the order of additions cannot matter either. */
const shortRule = fc.tuple(rule, fc.integer({ min: 0, max: 999 })).map(([sketch, thousandths]): RuleSketch => {
  const { flat, rate: _rate, ...rest } = sketch
  const amount = formatDecimal(new Decimal(BigInt(thousandths), 3))
  return flat === undefined ? { ...rest, rate: amount } : { ...rest, flat: amount }
})
const shortUsage = fc.record({
  quantity: fc.integer({ min: 0, max: 200 }).map(String),
  metadata: attributes,
  groupby: attributes,
})
/** Two rules with the same place displace each other. */
const place = ({ group, scope, level: at, field, value }: RuleSketch) =>
  JSON.stringify([group, scope, at, field, at === undefined ? value : undefined])

test('the order in which rules that do not displace each other are loaded does not matter', () => {
  const distinct = fc.uniqueArray(shortRule, { maxLength: 10, selector: place })
  const shuffled = distinct.chain((sketches) =>
    fc.tuple(fc.constant(sketches), fc.shuffledSubarray(sketches, { minLength: sketches.length })),
  )
  fc.assert(
    fc.property(shuffled, shortUsage, ([sketches, other], point) => {
      // Thresholds of equal level in one group but two fields do compete, the first field seen winning.
      fc.pre(!hasRivalFields(sketches))
      const scoped = { ...point, scope: 'A' }
      expect(priceOf(buildRules(other), scoped)).toBe(priceOf(buildRules(sketches), scoped))
    }),
  )
})

function hasRivalFields(sketches: readonly RuleSketch[]): boolean {
  const places = sketches
    .filter((sketch) => sketch.level !== undefined && sketch.field !== undefined)
    .map((sketch) => JSON.stringify([sketch.group, sketch.level, sketch.field]))
  const withoutField = new Set([...new Set(places)].map((text) => JSON.stringify(JSON.parse(text).slice(0, 2))))
  return withoutField.size < new Set(places).size
}

const NEVER = 10n ** 18n

test('groups add up', () => {
  fc.assert(
    fc.property(fc.array(shortRule, { maxLength: 12 }), shortUsage, (sketches, point) => {
      const scoped = { ...point, scope: 'A' }
      const whole = decimal(priceOf(buildRules(sketches), scoped))
      const rest = [undefined, 'g', 'h'].reduce((left, group) => {
        // The others stay, but never hold: of thresholds on several fields the order of the fields decides.
        const own = sketches.map((sketch) => (sketch.group === group ? sketch : { ...sketch, start: NEVER }))
        return subtract(left, decimal(priceOf(buildRules(own), scoped)))
      }, whole)
      expect(formatDecimal(rest)).toBe('0')
    }),
  )
})

test('a scope’s own rule replaces the general one of the same parent, group and value or level, and no other', () => {
  const general = shortRule.map((sketch): RuleSketch => {
    const { scope: _scope, start: _start, end: _end, ...rest } = sketch
    return rest
  })
  const generals = fc.uniqueArray(general, { minLength: 1, maxLength: 10, selector: place })
  fc.assert(
    fc.property(generals, general, shortUsage, (sketches, own, point) => {
      const displaced = sketches.findIndex((sketch) => place(sketch) === place(own))
      const equivalent = displaced < 0 ? [...sketches, own] : sketches.with(displaced, own)
      const both = buildRules([...sketches, { ...own, scope: 'A' }])
      expect(priceOf(both, { ...point, scope: 'A' })).toBe(priceOf(buildRules(equivalent), point))
      expect(priceOf(both, { ...point, scope: 'B' })).toBe(priceOf(buildRules(sketches), point))
    }),
  )
})
