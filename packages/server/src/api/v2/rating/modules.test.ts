import { afterAll, expect, test } from 'vitest'
import { openTestApi } from '../../testing/open-test-api.ts'

const api = await openTestApi()
afterAll(() => api[Symbol.asyncDispose]())

const PATH = '/v2/rating/modules/hashmap'
const HASHMAP = {
  module_id: 'hashmap',
  description: 'HashMap rating module.',
  enabled: false,
  hot_config: true,
  priority: 1,
}

test('modules are listed by name, with an underscore in hot_config', async () => {
  const { modules } = await api.get<{ modules: { module_id: string }[] }>(200, 'GET', '/v2/rating/modules')
  expect(modules[0]).toEqual(HASHMAP)
  expect(modules.map((module) => module.module_id)).toEqual(['hashmap', 'noop', 'pyscripts'])
  expect(await api.get(404, 'GET', '/v2/rating/modules/nope')).toEqual({ message: "Module 'nope' not found" })
})

test('a module is changed by what the body names', async () => {
  expect(await api.call('PUT', PATH, { body: { enabled: true, priority: 5 } })).toMatchObject({ status: 204, text: '' })
  expect(await api.get(200, 'GET', PATH)).toEqual({ ...HASHMAP, enabled: true, priority: 5 })
  expect(await api.call('PUT', PATH, { body: {} })).toMatchObject({ status: 204 })
  expect(await api.call('PUT', PATH, { body: { enabled: 'No' } })).toMatchObject({ status: 204 })
  expect(await api.call('PUT', PATH, { body: { priority: true } })).toMatchObject({ status: 204 })
  expect(await api.get(200, 'GET', PATH)).toEqual(HASHMAP)
  expect(await api.call('PUT', '/v2/rating/modules/noop', { body: { enabled: false } })).toMatchObject({ status: 204 })
  expect(await api.get(200, 'GET', '/v2/rating/modules/noop')).toMatchObject({ enabled: true, priority: 1 })
  await api.get(404, 'PUT', '/v2/rating/modules/nope', { body: {} })
})

test.each([
  [{ priority: '3' }, /expected int \(path: 'priority'\)/],
  [{ priority: 2.5 }, /expected int/],
  [{ priority: null }, /expected int/],
  [{ priority: 0 }, /value must be at least 1/],
  [{ enabled: null }, /expected boolean/],
  [{ module_id: 'x' }, /extra keys not allowed \(path: 'module_id'\)/],
])('the change %j is refused', async (body, message) => {
  expect(await api.get(400, 'PUT', PATH, { body })).toEqual({ message: expect.stringMatching(message) })
})

test('there is no quote in v2', async () => {
  await api.get(405, 'POST', '/v2/rating/modules', { body: { resources: [] } })
})
