import { add, Decimal, decimal, formatDecimal, ZERO } from '@cloudtabby/server/domain/decimal'
import { type Frame, NO_RULES } from '@cloudtabby/server/domain/point'
import { toSeries } from '@cloudtabby/server/domain/series'
import { UTC } from '@cloudtabby/server/domain/time-zone'
import { HashmapRater } from '@cloudtabby/server/rating/hashmap/hashmap-rater'
import type { Mapping, Rules } from '@cloudtabby/server/rating/hashmap/rules'
import { type Measure, medianSeconds } from './measure.ts'

const TYPES = ['instance', 'volume.size', 'image.size', 'network.outgoing.bytes', 'ip.floating']
const POINTS = 100_000
const RUNS = 11

/** Sums of all prices that CloudKitty 17 computes for the same points and rules. */
const CLOUDKITTY_SUMS = new Map([
  [20, '161495'],
  [200, '139541.25'],
])

/**
 * Hashmap rating alone: five types with a service mapping and a service threshold each, and so many field mappings in
 * two groups, over points with three groupby and four metadata attributes. Throws when the prices are not CloudKitty's.
 */
export function benchRating(): Promise<Measure[]> {
  return Promise.resolve([...CLOUDKITTY_SUMS.keys()].flatMap(measure))
}

function measure(ruleCount: number): Measure[] {
  const rules = rulesOf(ruleCount)
  const flavors = Math.max(1, Math.floor(ruleCount / TYPES.length))
  const frame = frameOf(flavors, (i) => 1 + (i % 100))
  const other = frameOf(flavors, (i) => 1 + ((i + 37) % 100), frame)
  const rater = new HashmapRater(rules, UTC)
  checkSum(ruleCount, rater.rate([frame])[0]!)

  const steady = medianSeconds(RUNS, () => rater.rate([frame]))
  let turn = 0
  const moving = medianSeconds(RUNS, () => rater.rate([turn++ % 2 === 0 ? other : frame]))
  const first = medianSeconds(RUNS, () => new HashmapRater(rules, UTC).rate([frame]))
  const name = `hashmap, ${ruleCount} rules`
  const pointsPerSecond = (seconds: number) => Math.round(POINTS / seconds)
  return [
    { name, value: pointsPerSecond(steady), unit: 'points/s', note: 'quantities as in the period before' },
    { name: `${name}, other quantities`, value: pointsPerSecond(moving), unit: 'points/s', note: 'every quantity new' },
    { name: `${name}, new series`, value: pointsPerSecond(first), unit: 'points/s', note: 'no series seen before' },
  ]
}

function checkSum(ruleCount: number, frame: Frame): void {
  const sum = formatDecimal(frame.points.reduce((total, point) => add(total, point.price), ZERO))
  const wanted = CLOUDKITTY_SUMS.get(ruleCount)
  if (sum !== wanted) throw new Error(`${ruleCount} rules: the prices add up to ${sum}, CloudKitty's to ${wanted}`)
}

function rulesOf(ruleCount: number): Rules {
  const common = { groupId: undefined, scopeId: undefined, start: 0n, end: undefined }
  return TYPES.map((name, i) => ({
    name,
    mappings: [{ ...common, id: `sm${i}`, type: 'flat', cost: decimal('0.01'), value: '' }],
    thresholds: [{ ...common, id: `st${i}`, type: 'rate', cost: decimal('0.9'), level: decimal('50') }],
    fields: [{ name: 'flavor_name', thresholds: [], mappings: fieldMappings(ruleCount, i) }],
  }))
}

function fieldMappings(ruleCount: number, typeIndex: number): Mapping[] {
  return Array.from({ length: ruleCount }, (_, r): Mapping => ({
    id: `fm${r}`,
    groupId: `g${r % 2}`,
    scopeId: undefined,
    start: 0n,
    end: undefined,
    type: r % 3 === 0 ? 'rate' : 'flat',
    cost: decimal(`0.0${r + 1}`),
    value: `flavor-${Math.floor(r / TYPES.length)}`,
  })).filter((_, r) => r % TYPES.length === typeIndex)
}

/** Of the series of `like`, if that is given: the next period of the same resources. */
function frameOf(flavors: number, quantity: (i: number) => number, like?: Frame): Frame {
  const begin = Date.UTC(2026, 0, 1) / 1000
  const period = { begin, end: begin + 3600 }
  const points = Array.from({ length: POINTS }, (_, i) => ({
    series: like?.points[i]?.series ?? seriesOf(i, flavors),
    ...period,
    quantity: new Decimal(BigInt(quantity(i)), 0),
    price: ZERO,
    rules: NO_RULES,
  }))
  return { scopeId: 'p-1', period, points }
}

function seriesOf(i: number, flavors: number) {
  return toSeries({
    scopeId: 'p-1',
    type: TYPES[i % TYPES.length]!,
    unit: 'unit',
    groupby: { id: `r-${i}`, user_id: `u-${i % 50}`, project_id: 'p-1' },
    metadata: { flavor_name: `flavor-${i % flavors}`, flavor_id: String(i % flavors), vcpus: '4', az: 'nova' },
  })
}
