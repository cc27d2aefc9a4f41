import { afterAll, beforeAll, expect, test } from 'vitest'
import { HASHMAP, openTestApi } from '../../testing/open-test-api.ts'

const api = await openTestApi()
afterAll(() => api[Symbol.asyncDispose]())

interface Audit {
  readonly total: number
  readonly results: readonly Record<string, unknown>[]
}
const list = (query = '') => api.get<Audit>(200, 'GET', `/v2/audit${query}`)

let service: string
beforeAll(async () => {
  const created = await api.get<{ service_id: string }>(201, 'POST', `${HASHMAP}/services`, { body: { name: 'cpu' } })
  service = created.service_id
  for (const [cost, tenant_id] of [
    ['0.1', 'p1'],
    ['0.25', 'p2'],
  ]) {
    await api.get(201, 'POST', `${HASHMAP}/mappings`, { body: { service_id: service, cost, tenant_id, type: 'flat' } })
  }
})

test('changes are listed with what was before and after, the newest first, a page at a time', async () => {
  const { total, results } = await list('?kind=hashmap_service,hashmap_mapping')
  expect(total).toBe(3)
  expect(results.map(({ action, kind, after }) => [action, kind, (after as { cost?: string }).cost])).toEqual([
    ['create', 'hashmap_mapping', '0.25'],
    ['create', 'hashmap_mapping', '0.1'],
    ['create', 'hashmap_service', undefined],
  ])
  expect(results[2]).toEqual({
    id: expect.any(Number) as number,
    at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+\+00:00$/) as string,
    user_id: expect.any(String) as string,
    project_id: null,
    request_id: expect.stringMatching(/^req-/) as string,
    action: 'create',
    kind: 'hashmap_service',
    target: service,
    before: null,
    after: expect.objectContaining({ name: 'cpu' }) as object,
  })
  expect(await list('?kind=hashmap_mapping&kind=hashmap_service&offset=1&limit=1')).toEqual({
    total: 3,
    results: [results[1]],
  })
})

test('every filter narrows, and none of them is an error when nothing fits', async () => {
  const [{ request_id: request }] = (await list(`?target=${service}`)).results as [{ request_id: string }]
  expect(await list(`?request_id=${request}`)).toMatchObject({ total: 1, results: [{ target: service }] })
  for (const query of ['user_id=x', 'project_id=x', 'action=delete', 'end=2020-01-01', 'begin=2999-01-01']) {
    expect(await list(`?${query}`)).toEqual({ total: 0, results: [] })
  }
  expect((await list('?action=create&begin=2020-01-01&end=2999-01-01')).total).toBe(3)
  await api.get(400, 'GET', '/v2/audit?begin=yesterday')
  await api.get(400, 'GET', '/v2/audit?limit=0')
})
