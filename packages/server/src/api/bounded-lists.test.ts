import { afterAll, expect, test } from 'vitest'
import { HASHMAP, openTestApi } from './testing/open-test-api.ts'

const SENT = 2
const api = await openTestApi({ rowsMax: SENT })
afterAll(() => api[Symbol.asyncDispose]())

const SCRIPTS = '/v1/rating/module_config/pyscripts/scripts'
const make = (path: string, body: Record<string, unknown>) => api.get(201, 'POST', path, { body })
const { service_id } = await make(`${HASHMAP}/services`, { name: 'cpu' })
const { group_id } = await make(`${HASHMAP}/groups`, { name: 'g' })
const rule = (i: number) => ({ service_id, group_id, cost: '1', type: 'flat', tenant_id: `p${i}` })
const scope = (i: number) => ({ scope_id: `s${i}`, last_processed_timestamp: '2026-06-11T07:00:00Z' })
const reprocess = (i: number) => ({
  scope_ids: [`s${i}`],
  start_reprocess_time: '2026-06-10T00:00:00Z',
  end_reprocess_time: '2026-06-10T01:00:00Z',
  reason: 'because',
})

interface List {
  readonly paths: readonly string[]
  readonly isPaged?: boolean
  /** Makes the n-th of what is listed. */
  readonly add: (n: number) => Promise<unknown>
}

test.each<[string, List]>([
  [
    'mappings of collectors',
    {
      paths: ['/v1/collector/mappings'],
      add: (n) => api.get(200, 'POST', '/v1/collector/mappings', { body: { collector: 'c', service: `s${n}` } }),
    },
  ],
  [
    'scopes',
    {
      paths: ['/v2/scope'],
      isPaged: true,
      add: (n) => api.get(200, 'POST', '/v2/scope', { body: scope(n) }),
    },
  ],
  [
    'tenants',
    {
      paths: ['/v1/report/tenants'],
      add: (n) => api.get(200, 'POST', '/v2/scope', { body: scope(100 + n) }),
    },
  ],
  ['services', { paths: [`${HASHMAP}/services`], add: (n) => make(`${HASHMAP}/services`, { name: `more ${n}` }) }],
  [
    'fields',
    {
      paths: [`${HASHMAP}/fields?service_id=${String(service_id)}`],
      add: (n) => make(`${HASHMAP}/fields`, { service_id, name: `more ${n}` }),
    },
  ],
  ['groups', { paths: [`${HASHMAP}/groups`], add: (n) => make(`${HASHMAP}/groups`, { name: `more ${n}` }) }],
  [
    'mappings',
    {
      paths: [`${HASHMAP}/mappings`, `${HASHMAP}/groups/mappings?group_id=${String(group_id)}`],
      add: (n) => make(`${HASHMAP}/mappings`, rule(n)),
    },
  ],
  [
    'thresholds',
    {
      paths: [
        `${HASHMAP}/thresholds?service_id=${String(service_id)}`,
        `${HASHMAP}/groups/thresholds?group_id=${String(group_id)}`,
      ],
      add: (n) => make(`${HASHMAP}/thresholds`, { ...rule(n), level: n }),
    },
  ],
  ['scripts', { paths: [SCRIPTS], add: (n) => make(SCRIPTS, { name: `script ${n}`, data: 'x' }) }],
  [
    'tasks',
    {
      paths: ['/v2/task/reprocesses'],
      isPaged: true,
      add: (n) => api.call('POST', '/v2/task/reprocesses', { body: reprocess(n) }),
    },
  ],
  [
    'records of changes',
    {
      paths: ['/v2/audit?kind=hashmap_group'],
      isPaged: true,
      add: (n) => make(`${HASHMAP}/groups`, { name: `yet more ${n}` }),
    },
  ],
])('of %s no more are sent at a time than of rows of a report', async (_what, { paths, isPaged = false, add }) => {
  for (let n = 1; n <= SENT + 1; n++) await add(n)
  for (const path of paths) {
    const { status, text } = await api.call('GET', path)
    expect({ status, text }).toEqual({
      status: 400,
      text: expect.stringContaining(
        'The answer would have more than 2 rows, and at most 2 are sent at a time: ask for ',
      ) as string,
    })
    if (isPaged) await api.get(200, 'GET', `${path}${path.includes('?') ? '&' : '?'}limit=${SENT}`)
  }
})

test('a list that has just as many is sent', async () => {
  await using few = await openTestApi({ rowsMax: SENT })
  for (let n = 1; n <= SENT; n++) {
    await few.get(200, 'POST', '/v2/scope', { body: scope(n) })
    await few.get(201, 'POST', `${HASHMAP}/groups`, { body: { name: `${n}` } })
  }
  expect(await few.get(200, 'GET', '/v1/report/tenants')).toEqual(['s1', 's2'])
  expect((await few.get<{ groups: unknown[] }>(200, 'GET', `${HASHMAP}/groups`)).groups).toHaveLength(SENT)
  expect((await few.get<{ results: unknown[] }>(200, 'GET', '/v2/scope')).results).toHaveLength(SENT)
})
