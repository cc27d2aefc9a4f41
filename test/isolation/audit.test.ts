import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestApi, type TestApi } from '../../packages/server/src/api/testing/open-test-api.ts'
import { listAudit } from '../../packages/server/src/state/audit.ts'
import { keyOf, rowOf, ROWS, type World } from './rows.ts'
import { pointsOf, tenant } from './sentinels.ts'

let api: TestApi
let world: World
beforeAll(async () => {
  api = await openTestApi()
  // So that there is an answer to every question.
  await api.push(...pointsOf(tenant('p', 'p', '1')))
  const body = { scope_id: 'p', last_processed_timestamp: '2026-06-11T08:00:00Z' }
  await api.get(200, 'POST', '/v2/scope', { body })
  world = { projectB: 'b', call: (method, path, sent) => api.call(method, path, sent) }
})
afterAll(() => api?.[Symbol.asyncDispose]())

const HAS = {
  create: [false, true],
  update: [true, true],
  reset: [true, true],
  delete: [true, false],
  cancel: [true, false],
  push: [false, true],
} as const

test.each(Object.keys(ROWS).filter((key) => key !== 'GET /metrics'))(
  '%s: a change is on record with author, before and after; a question or a refused change is not',
  async (key) => {
    const route = api.routes.find((candidate) => keyOf(candidate) === key)!
    const row = rowOf(route)!
    const request = await row.request(world)
    const last = (await listAudit(api.db, { limit: 1 }))[0]?.id ?? 0
    const since = async () =>
      (await listAudit(api.db, { limit: 1000 })).filter((record) => record.id > last).toReversed()

    const headers = { 'x-user-id': 'ada', 'x-project-id': 'p' }
    const wrong = { body: request.body === undefined ? undefined : { nothing: 'known' }, headers }
    if (row.records && request.body !== undefined) {
      expect((await api.call(request.method, request.path, wrong)).status).toBe(400)
      expect(await since()).toEqual([])
    }
    const answer = await api.call(request.method, request.path, { body: request.body, headers })
    expect(answer.status).toBe(row.status)
    const records = await since()
    expect(records.map((record) => record.kind)).toEqual(row.records ?? [])
    for (const { who, projectId, requestId, action, before, after } of records) {
      expect([who, projectId, requestId]).toEqual(['ada', 'p', answer.headers.get('x-openstack-request-id')])
      const known = [action, before !== null, after !== null]
      expect(known).toEqual([action, ...HAS[action]])
    }
  },
)

test('a change that a client repeats is on record once', async () => {
  const hashmap = '/v1/rating/module_config/hashmap'
  const { service_id } = await api.get(201, 'POST', `${hashmap}/services`, { body: { name: 'repeated' } })
  const body = { service_id, cost: '1', type: 'flat' }
  const { mapping_id } = await api.get(201, 'POST', `${hashmap}/mappings`, { body })
  const ended = { cost: '1', end: '2030-01-01T00:00:00' }
  for (let i = 0; i < 2; i++) {
    // oxlint-disable-next-line no-await-in-loop -- a client that follows CloudKitty's 302 sends its PUT again
    expect((await api.call('PUT', `${hashmap}/mappings/${String(mapping_id)}`, { body: ended })).status).toBe(302)
  }
  const newest = await listAudit(api.db, { limit: 1000 })
  const records = newest.toReversed().filter((record) => record.target === mapping_id)
  expect(records.map((record) => record.action)).toEqual(['create', 'update'])
  expect(records[1]!.before).not.toHaveProperty('end')
  expect(records[1]!.after).toMatchObject({
    cost: '1',
    end: '2030-01-01T00:00:00',
    start: expect.any(String) as string,
  })
})

test('the rules that go with a service or a group are on record each', async () => {
  const hashmap = '/v1/rating/module_config/hashmap'
  const { service_id } = await api.get(201, 'POST', `${hashmap}/services`, { body: { name: 'whole' } })
  const { group_id } = await api.get(201, 'POST', `${hashmap}/groups`, { body: { name: 'whole' } })
  const rule = { service_id, group_id, cost: '0.10', type: 'flat' }
  const { mapping_id } = await api.get(201, 'POST', `${hashmap}/mappings`, { body: rule })
  const { threshold_id } = await api.get(201, 'POST', `${hashmap}/thresholds`, { body: { ...rule, level: '5' } })
  await api.get(204, 'DELETE', `${hashmap}/groups/${String(group_id)}`)
  await api.get(204, 'DELETE', `${hashmap}/services/${String(service_id)}`)
  const records = (await listAudit(api.db, { limit: 6 })).toReversed()
  expect(records.map(({ action, target }) => [action, target])).toEqual([
    ['update', mapping_id],
    ['update', threshold_id],
    ['delete', group_id],
    ['delete', mapping_id],
    ['delete', threshold_id],
    ['delete', service_id],
  ])
  expect(records[0]).toMatchObject({ before: { group_id, cost: '0.1' }, after: { cost: '0.1' } })
  expect(records[0]!.after).not.toHaveProperty('group_id')
})
