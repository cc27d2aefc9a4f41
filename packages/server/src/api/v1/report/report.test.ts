import { afterAll, expect, test } from 'vitest'
import { at, openTestApi, point } from '../../testing/open-test-api.ts'

const A = '7a7e5183264644a7a79530eb56e59941'
const B = '9084fadcbd46481788e0ad7405dcbf12'
const api = await openTestApi()
afterAll(() => api[Symbol.asyncDispose]())

await api.push(
  point('instance', '2026-06-11T07:00:00Z', '1', '0.125', { project_id: A, id: '2f1c' }, { flavor_name: 'm1.small' }),
  point('instance', '2026-06-11T07:00:00Z', '2', '61.5', { project_id: B, id: '77' }),
  point('volume.size', '2026-06-11T08:00:00Z', '20', '20.023', { project_id: A, id: 'v' }, { volume_type: 'ssd' }),
  point('volume.size', '2026-05-31T23:00:00Z', '20', '5', { project_id: A, id: 'v' }),
)

const total = async (query: string, headers: Record<string, string> = {}) => {
  const answer = await api.call('GET', `/v1/report/total${query}`, { headers })
  return answer.json
}

test('a total is the caller’s own, another tenant’s, or all, of the present month, as a text', async () => {
  expect(await total('', { 'x-project-id': A })).toBe('20.148')
  expect(await total(`/?tenant_id=${B}&service=instance`)).toBe('61.5')
  expect(await total(`?tenant_id=${B}&all_tenants=True`)).toBe('81.648')
  expect(await total('?all_tenants=false', { 'x-project-id': B })).toBe('61.5')
  // An admin without a project sees everything.
  expect(await total('')).toBe('81.648')
  expect((await api.call('GET', '/v1/report/total?tenant_id=nobody')).text).toBe('"0"')
})

test('bounds are read leniently, are half-open, and may be inverted', async () => {
  const all = { 'x-project-id': A }
  expect(await total('?begin=2026-05-31+23%3A00%3A00%2B00%3A00&end=2026-06-01', all)).toBe('5.0')
  expect(await total('?begin=2026-05-31T23:00:00.104211', all)).toBe('20.148')
  expect(await total('?begin=2026-06-11T09:00:00%2B0100&end=2026-06-11+08:00:01', all)).toBe('20.023')
  expect(await total('?begin=2026-06-12&end=2026-06-11', all)).toBe('0')
  expect(await total('?begin=&end=', all)).toBe('20.148')
})

test.each([
  [
    '/v1/report/total?begin=zz',
    /^Invalid input for field\/attribute begin\. Value: 'zz'\. unable to convert to datetime\./,
  ],
  ['/v1/report/total?groupby=res_type', /^Unknown argument: "groupby"$/],
  ['/v1/report/summary?foo=1', /^Unknown argument: "foo"$/],
  ['/v1/report/summary?all_tenants=perhaps', /all_tenants/],
  ['/v1/report/tenants?foo=1', /^Unknown argument: "foo"$/],
])('%s is refused', async (path, message) => {
  expect(await api.get(400, 'GET', path)).toMatchObject({ faultstring: expect.stringMatching(message) })
})

test('a summary groups by the words that it finds in groupby, with the range on every row', async () => {
  const month = { begin: '2026-06-01T00:00:00', end: '2026-07-01T00:00:00' }
  const summary = async (query: string) =>
    (await api.get<{ summary: object[] }>(200, 'GET', `/v1/report/summary${query}`, { headers: { 'x-project-id': A } }))
      .summary
  expect((await api.call('GET', '/v1/report/summary?all_tenants=True')).text).toBe(
    '{"summary": [{"begin": "2026-06-01T00:00:00", "end": "2026-07-01T00:00:00", "tenant_id": "ALL", "res_type": "ALL", "rate": "81.648"}]}',
  )
  expect(await summary('/')).toEqual([{ ...month, tenant_id: 'ALL', res_type: 'ALL', rate: '20.148' }])
  expect(await summary('?groupby=res_type,tenant_id&all_tenants=True&begin=2026-06-01&end=2026-07-01')).toEqual([
    { ...month, tenant_id: A, res_type: 'instance', rate: '0.125' },
    { ...month, tenant_id: A, res_type: 'volume.size', rate: '20.023' },
    { ...month, tenant_id: B, res_type: 'instance', rate: '61.5' },
  ])
  expect(await summary('?groupby=whatever,res_type')).toEqual([
    { ...month, tenant_id: 'ALL', res_type: 'instance', rate: '0.125' },
    { ...month, tenant_id: 'ALL', res_type: 'volume.size', rate: '20.023' },
  ])
  expect(await summary(`?tenant_id=${B}&groupby=tenant_id&service=instance`)).toEqual([
    { ...month, tenant_id: B, res_type: 'ALL', rate: '61.5' },
  ])
  expect((await api.call('GET', '/v1/report/summary?tenant_id=nobody')).text).toBe('{"summary": []}')
})

test('tenants are all scopes ever registered, each once', async () => {
  const names = { scopeKey: 'project_id', fetcher: 'keystone', collector: 'gnocchi' }
  await api.scopes.see([A, B], names, at('2026-06-11T08:00:00Z'), at('2026-06-01T00:00:00Z'))
  await api.scopes.see([A], { ...names, collector: 'other' }, at('2026-06-11T08:00:00Z'), at('2026-06-01T00:00:00Z'))
  expect(await api.get(200, 'GET', '/v1/report/tenants?begin=2026-06-01+00%3A00%3A00')).toEqual([A, B])
})

test('dataframes are one per period, type and tenant, with metadata and groupby as one and numbers as texts', async () => {
  const path = '/v1/storage/dataframes?begin=2026-06-11T07:00:00&resource_type=instance'
  expect(await api.get(200, 'GET', path)).toEqual({
    dataframes: [
      {
        begin: '2026-06-11T07:00:00',
        end: '2026-06-11T08:00:00',
        tenant_id: A,
        resources: [
          {
            service: 'instance',
            volume: '1',
            rating: '0.125',
            desc: { flavor_name: 'm1.small', id: '2f1c', project_id: A },
          },
        ],
      },
      {
        begin: '2026-06-11T07:00:00',
        end: '2026-06-11T08:00:00',
        tenant_id: B,
        resources: [{ service: 'instance', volume: '2', rating: '61.5', desc: { id: '77', project_id: B } }],
      },
    ],
  })
  const own = await api.get<{ dataframes: object[] }>(200, 'GET', `/v1/storage/dataframes/?tenant_id=${B}`)
  expect(own.dataframes).toHaveLength(1)
  expect((await api.call('GET', '/v1/storage/dataframes?tenant_id=nobody')).text).toBe('{"dataframes": []}')
  await api.get(400, 'GET', '/v1/storage/dataframes?limit=1')
})

test('a point without the scope key belongs to __UNDEF__', async () => {
  await api.push(point('image', '2027-01-01T00:00:00Z', '1', '0', { id: 'x' }))
  const { dataframes } = await api.get<{ dataframes: object[] }>(
    200,
    'GET',
    '/v1/storage/dataframes?begin=2027-01-01&end=2027-02-01',
  )
  expect(dataframes).toMatchObject([{ tenant_id: '__UNDEF__' }])
})
