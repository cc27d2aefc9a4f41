import { afterAll } from 'vitest'
import { openRulesApi } from '../../testing/open-rules-api.ts'
import type { EditRunning } from '../../edit-running.ts'
import { HASHMAP } from '../routes/objects.ts'
import { hashmapRoutes } from '../routes/routes.ts'

/** hashmap's routes over fresh state for one file of tests, and makers of what rules hang on, which give its id. */
export async function hashmapApi(editRunning: EditRunning = 'refuse') {
  const api = await openRulesApi(hashmapRoutes(editRunning), HASHMAP)
  afterAll(() => api[Symbol.asyncDispose]())
  let count = 0
  const unique = (prefix: string) => `${prefix}-${++count}`
  const create = async (path: string, id: string, body: object) =>
    (await api.get<Record<string, string>>(201, 'POST', path, body))[id]!
  const newService = (name = unique('service')) => create('/services', 'service_id', { name })
  return {
    api,
    newService,
    /** Of a new service unless one is given. */
    newField: async ({ service_id = '', name = unique('field') } = {}) =>
      create('/fields', 'field_id', { service_id: service_id || (await newService()), name }),
    newGroup: () => create('/groups', 'group_id', { name: unique('group') }),
  }
}
