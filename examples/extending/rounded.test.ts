import { expect, test } from 'vitest'
import { decimal, formatDecimal } from '../../packages/server/src/domain/decimal.ts'
import { NO_RULES } from '../../packages/server/src/domain/point.ts'
import { toSeries } from '../../packages/server/src/domain/series.ts'
import { UTC } from '../../packages/server/src/domain/time-zone.ts'
import { openTestState } from '../../packages/server/src/state/testing/open-test-state.ts'
import { plugin } from './rounded.ts'

test.each([
  ['2', '0.125', '0.12'],
  ['2', '0.135', '0.14'],
  ['0', '2.5', '2'],
])('with %s digits a price of %s is %s', async (digits, before, after) => {
  await using state = await openTestState()
  const module = await plugin.create(plugin.options.parse({ digits }), { db: state.db, zone: UTC })
  const series = toSeries({ scopeId: 'alpha', type: 'cpu', unit: 'instance', groupby: {}, metadata: {} })
  const period = { begin: 0, end: 3600 }
  const point = { series, ...period, quantity: decimal('1'), price: decimal(before), rules: NO_RULES }
  const rater = await module.load()
  const [frame] = await rater.rate([{ scopeId: 'alpha', period, points: [point] }], {
    signal: new AbortController().signal,
  })
  expect(formatDecimal(frame!.points[0]!.price)).toBe(after)
})
