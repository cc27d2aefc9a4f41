import { afterAll, expect, test } from 'vitest'
import { pathsOf } from '../../http/route.ts'
import { DocumentedApi } from '../testing/documented-api.ts'
import { HASHMAP, openTestApi } from '../testing/open-test-api.ts'

const api = await openTestApi()
afterAll(() => api[Symbol.asyncDispose]())

const NO_ID = '8c1f0b0e-6a3e-4f0e-9a2f-0e5d0c1b2a33'
const SCRIPTS = '/v1/rating/module_config/pyscripts/scripts'
const REQUEST_ID = /^req-[0-9a-f-]{36}$/

test('the versions are told with the host that was asked, text for text', async () => {
  const { status, text, headers } = await api.call('GET', '/')
  expect(status).toBe(200)
  expect(headers.get('content-type')).toBe('application/json')
  expect(headers.get('x-openstack-request-id')).toMatch(REQUEST_ID)
  expect(text).toBe(
    '{"versions": [{"id": "v1", "links": [{"href": "http://rating.example.net:8889/v1", "rel": "self"}], "status": "CURRENT"}, ' +
      '{"id": "v2", "links": [{"href": "http://rating.example.net:8889/v2", "rel": "self"}], "status": "EXPERIMENTAL"}]}\n',
  )
  expect(await api.call('HEAD', '/')).toMatchObject({ status: 200, text: '' })
  const wrong = await api.call('DELETE', '/')
  expect(wrong).toMatchObject({ status: 405, json: { message: expect.any(String) } })
  expect(wrong.headers.get('allow')).toBe('OPTIONS, GET, HEAD')
})

test.each([
  ['/v1', 405],
  ['/v1/', 405],
  ['/v2', 404],
  ['/v2/', 404],
  ['/nope', 404],
  ['/v2/example', 404],
])('%s is no document: %i', async (path, status) => {
  const answer = await api.call('GET', path)
  expect(answer.status).toBe(status)
  expect(answer.headers.get('x-openstack-request-id')).toMatch(REQUEST_ID)
  const page = await api.call('GET', path, { headers: { accept: 'text/html' } })
  expect(page.status).toBe(status)
})

test('the healthcheck answers every client in its language, and fails when it is told to', async () => {
  const plain = await api.call('GET', '/healthcheck')
  expect(plain).toMatchObject({ status: 200, text: 'OK' })
  expect(plain.headers.get('content-type')).toMatch(/^text\/plain/)
  expect(plain.headers.has('x-openstack-request-id')).toBe(false)
  expect(await api.call('HEAD', '/healthcheck')).toMatchObject({ status: 204 })
  expect(await api.call('DELETE', '/healthcheck')).toMatchObject({ status: 200, text: 'OK' })
  const json = await api.call('GET', '/healthcheck', { headers: { accept: 'application/json' } })
  expect(json.text.trim()).toBe('{"detailed": false, "reasons": ["OK"]}')
  const page = await api.call('GET', '/healthcheck', { headers: { accept: 'text/html' } })
  expect(page.headers.get('content-type')).toMatch(/^text\/html/)
  api.trouble = 'the fetcher <k> is dead'
  expect(await api.call('GET', '/healthcheck')).toMatchObject({ status: 200, text: 'OK\nthe fetcher <k> is dead' })
  const reasons = await api.call('GET', '/healthcheck', { headers: { accept: 'application/json' } })
  expect(reasons.text.trim()).toBe('{"detailed": false, "reasons": ["OK", "the fetcher <k> is dead"]}')
  const shown = await api.call('GET', '/healthcheck', { headers: { accept: 'text/html' } })
  expect(shown.text).toContain('<h1>OK<br>the fetcher &#60;k&#62; is dead</h1>')
  api.unhealthy = 'DISABLED BY FILE'
  expect(await api.call('GET', '/healthcheck')).toMatchObject({ status: 503, text: 'DISABLED BY FILE' })
  api.unhealthy = undefined
  api.trouble = undefined
})

test('the API document is served, and names every route that is not another one’s twin', async () => {
  const { paths, openapi } = await api.get<ApiDocument & { openapi: string }>(200, 'GET', '/openapi.json')
  expect(openapi).toBe('3.1.0')
  const served = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method} ${path}`),
  )
  const documented = api.routes.filter((route) => route.documented !== false)
  const canonical = documented.map(
    (route) => `${route.method === 'ANY' ? 'get' : route.method.toLowerCase()} ${pathsOf(route)[0]}`,
  )
  expect(new Set(served)).toEqual(new Set(canonical))
  const left = api.routes.filter((route) => route.documented === false).flatMap(pathsOf)
  expect(left.filter((path) => !/^\/v1\/billing\/|^\/v1\/rating\/module_config\/noop$/.test(path))).toEqual([])
})

interface Parameter {
  readonly name: string
  readonly in: string
  readonly required: boolean
  readonly schema: { readonly default?: unknown }
}
interface Operation {
  readonly parameters?: readonly Parameter[]
  readonly security?: readonly object[]
}
interface ApiDocument {
  readonly paths: Record<string, Record<string, Operation>>
  readonly security: readonly object[]
}

test('the API document tells defaults, and what needs no token', async () => {
  const { paths, security } = await api.get<ApiDocument>(200, 'GET', '/openapi.json')
  const summary = paths['/v2/summary']!['get']!.parameters!
  expect(Object.fromEntries(summary.map(({ name, schema }) => [name, schema.default]))).toMatchObject({
    limit: 100,
    offset: 0,
    response_format: 'table',
  })
  expect(paths['/healthcheck']!['get']!.security).toEqual([])
  expect(security).toEqual([{ token: [] }])
})

const PERIOD = { begin: '2026-06-01T00:00:00Z', end: '2026-06-01T01:00:00Z' }
const NULLS = { group_id: null, tenant_id: null }

/** As CloudKitty's command, its dashboard and tempest send them. */
test.each<[string, string, object]>([
  ['post', `${HASHMAP}/mappings`, { cost: 0.1, value: 'a', service_id: null, field_id: NO_ID, ...NULLS, name: 'n' }],
  ['put', `${HASHMAP}/mappings`, { mapping_id: NO_ID, cost: 0, end: '3000-01-01T23:59:59' }],
  ['put', `${HASHMAP}/mappings/{mapping_id}`, { cost: '0.5', start: null, end: null, deleted: null, updated_by: null }],
  ['post', `${HASHMAP}/thresholds`, { level: 0.4, cost: 0.9, field_id: NO_ID, ...NULLS }],
  ['post', SCRIPTS, { name: 'a', data: 'pass', start: null, end: null, description: null }],
  ['put', '/v1/collector/states', { name: 'gnocchi', enabled: true }],
  ['put', '/v1/rating/modules/{module_id}', { module_id: 'hashmap', enabled: true, 'hot-config': true, priority: 1 }],
  ['post', '/v1/rating/quote', { resources: [{ desc: { flavor_name: 'a', vcpus: 1 }, volume: 2, service: 'i' }] }],
  ['put', '/v2/scope', { state: '2026-06-01T00:00:00+00:00', scope_id: 'a,b' }],
  ['patch', '/v2/scope', { scope_id: 'a', active: false }],
  ['post', '/v2/dataframes', { dataframes: [{ period: PERIOD, usage: { a: [] } }] }],
  ['put', '/v2/rating/modules/{module_id}', { priority: 5 }],
])('what clients send is what the API document asks for: %s %s %j', async (method, path, body) => {
  const documented = new DocumentedApi(await api.get(200, 'GET', '/openapi.json'))
  expect(documented.bodyMisfit(method, path, body)).toBeUndefined()
})
