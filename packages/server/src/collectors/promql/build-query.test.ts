import { expect, test } from 'vitest'
import { buildQuery, mayMixPeriods, mayMixScopes, type Question } from './build-query.ts'
import { ExtraArgs } from './extra-args.ts'

function query(args: Record<string, unknown>, more: Partial<Question> = {}): string {
  return buildQuery({
    metric: {
      name: 'http_requests_total',
      groupby: ['foo', 'bar', 'project_id'],
      metadata: ['code', 'instance'],
    },
    args: ExtraArgs.parse(args),
    scopeKey: 'project_id',
    scopes: ['X'],
    periodSeconds: 3600,
    ...more,
  })
}

const BY = 'by (foo, bar, project_id, code, instance)'

test.each([
  ['nothing but the defaults', {}, `max(max_over_time(http_requests_total{project_id="X"}[3600s])) ${BY}`],
  [
    'an aggregation method',
    { aggregation_method: 'avg' },
    `avg(avg_over_time(http_requests_total{project_id="X"}[3600s])) ${BY}`,
  ],
  [
    'a query function',
    { aggregation_method: 'avg', query_function: 'abs' },
    `avg(abs(avg_over_time(http_requests_total{project_id="X"}[3600s]))) ${BY}`,
  ],
  [
    'a range function in the place of the method',
    { aggregation_method: 'avg', range_function: 'delta' },
    `avg(delta(http_requests_total{project_id="X"}[3600s])) ${BY}`,
  ],
  [
    'both functions',
    { aggregation_method: 'avg', range_function: 'delta', query_function: 'abs' },
    `avg(abs(delta(http_requests_total{project_id="X"}[3600s]))) ${BY}`,
  ],
  [
    'a prefix and a suffix, one blank apart',
    { query_prefix: '0.5 *', query_suffix: '> 0' },
    `0.5 * max(max_over_time(http_requests_total{project_id="X"}[3600s])) ${BY} > 0`,
  ],
])('asks as CloudKitty does with %s', (_what, args, text) => expect(query(args)).toBe(text))

test("asks as CloudKitty's documented join does", () => {
  const suffix = '* on (domain) group_left() libvirt_domain_vcpu_maximum'
  const metric = { name: 'm', groupby: ['project_id', 'domain'], metadata: [] }
  expect(query({ query_suffix: suffix }, { metric })).toBe(
    `max(max_over_time(m{project_id="X"}[3600s])) by (project_id, domain) ${suffix}`,
  )
})

test('asks for several scopes with one matcher', () => {
  expect(query({}, { scopes: ['a', 'b.c', 'd'], periodSeconds: 300 })).toBe(
    String.raw`max(max_over_time(http_requests_total{project_id=~"a|b\\.c|d"}[300s])) ${BY}`,
  )
})

test('a scope cannot change the question', () => {
  expect(query({}, { scopes: ['x"} or up{a="'] })).toBe(
    String.raw`max(max_over_time(http_requests_total{project_id="x\"} or up{a=\""}[3600s])) ${BY}`,
  )
})

test('a prefix or a suffix may mix scopes, nothing else does', () => {
  expect(mayMixScopes(ExtraArgs.parse({ query_function: 'abs' }))).toBe(false)
  expect(mayMixScopes(ExtraArgs.parse({ query_prefix: '2 *' }))).toBe(true)
  expect(mayMixScopes(ExtraArgs.parse({ query_suffix: '> 1' }))).toBe(true)
})

test('an instant taken from the range of the query is seen', () => {
  expect(mayMixPeriods(ExtraArgs.parse({ query_suffix: '* on() up @ end()' }))).toBe(true)
  expect(mayMixPeriods(ExtraArgs.parse({ query_suffix: '* on() up @start( )' }))).toBe(true)
  expect(mayMixPeriods(ExtraArgs.parse({ query_suffix: '* on() up @ 1600000000' }))).toBe(false)
})

test('extra_args have the defaults of CloudKitty, and what Prometheus cannot do is refused with advice', () => {
  expect(ExtraArgs.parse(undefined)).toEqual({ aggregation_method: 'max', query_prefix: '', query_suffix: '' })
  expect(ExtraArgs.safeParse({ range_function: 'irange' }).error?.issues[0]?.message).toMatch(/irate/)
  expect(ExtraArgs.safeParse({ range_function: 'x' }).error?.issues[0]?.message).toMatch(/expected one of/)
  expect(ExtraArgs.safeParse({ aggregation: 'max' }).success).toBe(false)
})
