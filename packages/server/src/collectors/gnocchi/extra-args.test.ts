import { expect, test } from 'vitest'
import { plugin } from './index.ts'

test("what is not said is CloudKitty's", () => {
  expect(plugin.extraArgs.parse({ resource_type: 'instance' })).toEqual({
    resource_type: 'instance',
    resource_key: 'id',
    aggregation_method: 'max',
    re_aggregation_method: 'max',
    force_granularity: 3600,
    use_all_resource_revisions: true,
    custom_query: '',
  })
})

test.each([['mean'], ['rate:last'], ['1pct'], ['99pct'], ['rate:50pct']])(
  '%s is an aggregation method',
  (aggregation_method) => {
    expect(plugin.extraArgs.safeParse({ resource_type: 'x', aggregation_method }).success).toBe(true)
  },
)

test.each([
  [{}],
  [{ resource_type: '' }],
  [{ resource_type: 'x', aggregation_method: '100pct' }],
  [{ resource_type: 'x', aggregation_method: 'average' }],
  [{ resource_type: 'x', re_aggregation_method: '50pct' }],
  [{ resource_type: 'x', force_granularity: -1 }],
  [{ resource_type: 'x', force_granularity: 0.5 }],
  [{ resource_type: 'x', use_all_resource_revisions: 'yes' }],
  [{ resource_type: 'x', unknown: 1 }],
])('%j is refused', (args) => {
  expect(plugin.extraArgs.safeParse(args).success).toBe(false)
})

test('the resource key is demanded of every grouping', () => {
  expect(plugin.requiredGroupby?.(plugin.extraArgs.parse({ resource_type: 'x', resource_key: 'name' }))).toEqual([
    'name',
  ])
})
