import { afterAll, beforeAll, expect, test } from 'vitest'
import { at, openTestApi, point } from '../../testing/open-test-api.ts'

const api = await openTestApi()
afterAll(() => api[Symbol.asyncDispose]())

const PATH = '/v2/task/resets'
type Resets = { results: Record<string, unknown>[] }
const list = async (query = '') => (await api.get<Resets>(200, 'GET', `${PATH}${query}`)).results
const total = async () => (await api.get<{ results: unknown[][] }>(200, 'GET', '/v2/summary')).results[0]?.[3] ?? 0

beforeAll(async () => {
  for (const scope_id of ['a', 'b']) {
    const body = { scope_id, last_processed_timestamp: '2026-06-10T00:00:00Z' }
    await api.get(200, 'POST', '/v2/scope', { body })
    await api.push(point('instance', '2026-06-09T00:00:00Z', '1', '2.5', { project_id: scope_id }))
  }
})

test('a reset can be watched, and cancelled before anything is rated again', async () => {
  expect(await list()).toEqual([])
  await api.get(404, 'DELETE', `${PATH}/a`)
  const body = { scope_id: 'a', last_processed_timestamp: '2026-06-08T00:00:00Z' }
  await api.get(202, 'PUT', '/v2/scope', { body })
  expect(await total()).toBe(2.5)
  expect(await list()).toEqual([
    {
      scope_id: 'a',
      scope_key: 'project_id',
      fetcher: 'keystone',
      collector: 'gnocchi',
      start_reset_time: '2026-06-08T00:00:00+00:00',
      end_reset_time: '2026-06-10T01:00:00+00:00',
      current_reset_time: '2026-06-08T00:00:00+00:00',
      id: expect.any(Number) as number,
      state: 'pending',
      progress: 0,
      cancellable: true,
    },
  ])
  expect(await list('/b')).toEqual([])
  const [{ id }] = (await list('?scope_ids=a')) as [{ id: number }]
  await api.get(400, 'DELETE', PATH)
  await api.get(404, 'DELETE', `${PATH}/b`)
  expect(await api.get(200, 'DELETE', `${PATH}?scope_ids=ALL`)).toEqual({ cancelled: [id], too_late: [] })
  expect(await total()).toBe(5)
  expect(await list()).toMatchObject([{ state: 'cancelled', progress: 0, cancellable: false }])
  expect(await api.get<Resets>(200, 'GET', '/v2/scope?scope_id=a')).toMatchObject({
    results: [{ last_processed_timestamp: '2026-06-10T00:00:00+00:00' }],
  })
})

test('once a period is rated again it is too late', async () => {
  const body = { scope_id: 'b', last_processed_timestamp: '2026-06-09T00:00:00Z' }
  await api.get(202, 'PUT', '/v2/scope', { body })
  const names = { scopeKey: 'project_id', fetcher: 'keystone', collector: 'gnocchi' }
  const due = { ...names, now: at('2026-06-10T06:00:00Z'), periodSeconds: 3600, waitPeriods: 2 }
  const claim = (await api.batches.claim({ ...due, maxScopes: 1, maxPeriods: 8 }))!
  expect(await list('/b')).toMatchObject([{ state: 'running', progress: 0, cancellable: true }])
  await api.batches.commit(claim.batch, { claim })
  expect(await list('/b')).toMatchObject([
    { state: 'running', progress: 32, current_reset_time: '2026-06-09T08:00:00+00:00', cancellable: false },
  ])
  expect(await api.get(409, 'DELETE', `${PATH}/b`)).toEqual({ message: expect.stringContaining('too late') as string })
})
