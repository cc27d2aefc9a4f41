import { expect, test } from 'vitest'
import { add, decimal, formatDecimal, mul, ZERO } from '../domain/decimal.ts'
import { type Frame, NO_RULES, type Point } from '../domain/point.ts'
import { toSeries } from '../domain/series.ts'
import type { ModuleState } from '../state/modules.ts'
import type { Rater, RatingModule } from './rating-module.ts'
import { RatingPipeline } from './rating-pipeline.ts'

const { signal } = new AbortController()
const PERIOD = { begin: 0, end: 3600 }
const SERIES = toSeries({ scopeId: 'p', type: 'cpu', unit: 'u', groupby: {}, metadata: {} })
const POINT: Point = { series: SERIES, ...PERIOD, quantity: decimal('1'), price: ZERO, rules: NO_RULES }
const FRAME: Frame = { scopeId: 'p', period: PERIOD, points: [POINT] }

/** A module whose price of a point is worked out from the price that it finds. */
function module(
  name: string,
  price: (before: Point['price']) => Point['price'],
  more: Partial<Rater> = {},
): RatingModule {
  const rate: Rater['rate'] = (frames) =>
    frames.map((frame) => ({
      ...frame,
      points: frame.points.map((point) => ({ ...point, price: price(point.price), rules: [...point.rules, name] })),
    }))
  return { name, description: '', configurable: false, load: async () => ({ rate, ...more }) }
}

const states = (entries: Record<string, Partial<ModuleState>>) => ({
  all: async () =>
    new Map(Object.entries(entries).map(([name, state]) => [name, { enabled: true, priority: 1, ...state }])),
})

async function price(modules: readonly RatingModule[], entries: Record<string, Partial<ModuleState>>) {
  const rater = await new RatingPipeline(modules, states(entries)).load()
  const [frame] = await rater.rate([FRAME], { signal })
  return [formatDecimal(frame!.points[0]!.price), frame!.points[0]!.rules]
}

const plus = module('plus', (before) => add(before, decimal('1')))
const double = module('double', (before) => mul(before, decimal('2')))
const five = module('five', () => decimal('5'))

test('modules are called by priority, the higher the earlier, each with what the one before it gave', async () => {
  const order = (a: number, b: number, c: number) =>
    price([plus, double, five], { plus: { priority: a }, double: { priority: b }, five: { priority: c } })
  expect(await order(3, 2, 1)).toEqual(['5', ['plus', 'double', 'five']])
  expect(await order(1, 2, 3)).toEqual(['11', ['five', 'double', 'plus']])
  expect(await order(2, 1, 3)).toEqual(['12', ['five', 'plus', 'double']])
})

test('of equal priorities the one that is registered first is called first', async () => {
  expect(await price([plus, double], { double: {}, plus: {} })).toEqual(['2', ['plus', 'double']])
  expect(await price([double, plus], { double: {}, plus: {} })).toEqual(['1', ['double', 'plus']])
})

test('a module that is off, or was never touched, is not called', async () => {
  expect(await price([plus, double, five], { five: {}, double: { enabled: false } })).toEqual(['5', ['five']])
})

test('a module that state says is on and this process does not have is a fault, and nothing is rated', async () => {
  const pipeline = new RatingPipeline([plus], states({ plus: {}, tiered: { priority: 9 }, gone: { enabled: false } }))
  await expect(pipeline.load()).rejects.toMatchObject({
    code: 'rating.module_missing',
    blames: 'operator',
    message: expect.stringMatching(/module tiered is on.*\[rating\] modules.*switch it off/) as string,
    detail: { missing: ['tiered'], known: ['plus'] },
  })
})

test('why a point has no price: the most specific reason of all modules, none when one of them applies', async () => {
  const noService = module('a', (p) => p, {
    whyUnpriced: () => ({ reason: 'no-service' }),
    whyTypeUnpriced: () => 'no-service',
  })
  const noMatch = module('b', (p) => p, {
    whyUnpriced: () => ({ reason: 'no-match', seen: () => 'x' }),
    whyTypeUnpriced: () => undefined,
  })
  const free = module('c', (p) => p, { whyUnpriced: () => undefined, whyTypeUnpriced: () => undefined })
  const why = async (...modules: RatingModule[]) => {
    const on = Object.fromEntries(modules.map(({ name }) => [name, {}]))
    const rater = await new RatingPipeline(modules, states(on)).load()
    return [rater.whyUnpriced(POINT, 'p')?.reason, rater.whyTypeUnpriced('cpu', 0)]
  }
  expect(await why()).toEqual(['no-module', 'no-module'])
  // A module that sets no prices, as noop.
  expect(await why(plus)).toEqual(['no-module', 'no-module'])
  expect(await why(plus, noService)).toEqual(['no-service', 'no-service'])
  expect(await why(noMatch, noService)).toEqual(['no-match', undefined])
  expect(await why(noMatch, free, noService)).toEqual([undefined, undefined])
})
