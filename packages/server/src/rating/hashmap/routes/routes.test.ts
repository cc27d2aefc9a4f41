import { expect, test } from 'vitest'
import { openApiDocument } from '../../../http/openapi.ts'
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

test('every address stands in the API document', () => {
  const document = openApiDocument(routes, { title: 'test', version: '1' }) as { paths: Record<string, object> }
  const paths = routes.flatMap(({ path }) => path)
  expect(new Set(Object.keys(document.paths))).toEqual(new Set(paths))
})
