import { expect, test } from 'vitest'
import { contextOf, metricOf } from '../../packages/server/src/collectors/testing/collect-context.ts'
import { formatDecimal } from '../../packages/server/src/domain/decimal.ts'
import { plugin } from './fixed-seats.ts'

test('a scope has its seats in every period, and one that metrics.yml does not name has none', async () => {
  await using collector = await plugin.create({}, contextOf())
  const extraArgs = plugin.extraArgs.parse({ seats: { alpha: 3 } })
  const points = await collector.collect(
    {
      metric: metricOf({ name: 'seats', extraArgs }),
      scopes: ['alpha', 'beta'],
      periods: [
        { begin: 0, end: 3600 },
        { begin: 3600, end: 7200 },
      ],
    },
    new AbortController().signal,
  )
  expect(points.map(({ series, begin, quantity }) => [series.scopeId, begin, formatDecimal(quantity)])).toEqual([
    ['alpha', 0, '3'],
    ['alpha', 3600, '3'],
  ])
})
