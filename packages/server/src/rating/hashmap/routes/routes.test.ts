import { expect, test } from 'vitest'
import { Fault } from '../../../lib/fault.ts'
import { NO_SUCH_ID, openRulesApi } from '../../testing/open-rules-api.ts'
import { HASHMAP } from './objects.ts'
import { hashmapRoutes } from './routes.ts'

const routes = hashmapRoutes('refuse')

test('who may not configure modules is refused before the arguments are looked at, by every route', async () => {
  const asked: string[] = []
  await using closed = await openRulesApi(routes, HASHMAP, {
    authorize(_who, policy) {
      asked.push(policy)
      throw new Fault('policy.forbidden', 'no')
    },
  })
  for (const { method, path } of routes) {
    const first = (typeof path === 'string' ? path : path[0]).slice(HASHMAP.length).replaceAll(/\{\w+\}/g, NO_SUCH_ID)
    expect((await closed.call(method, `${first}?nonsense=1`, method === 'GET' ? undefined : '{')).status).toBe(403)
  }
  expect(new Set(asked)).toEqual(new Set(['rating:module_config']))
})
