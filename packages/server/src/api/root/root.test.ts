import { afterAll, expect, test } from 'vitest'
import { testApp } from '../../http/testing/test-app.ts'
import { type ApiDeps, apiRoutes } from '../routes.ts'
import { openTestApi } from '../testing/open-test-api.ts'

const api = await openTestApi()
afterAll(() => api[Symbol.asyncDispose]())

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

test('storage of version 1 leaves API v2 out', async () => {
  const routes = apiRoutes({ modules: [], moduleRoutes: [], storageVersion: 1, version: '0' })
  const { call } = testApp(routes, {} as ApiDeps)
  expect((await call('GET', '/')).json).toMatchObject({ versions: [{ id: 'v1' }] })
  expect((await call('GET', '/')).json).not.toMatchObject({ versions: [{}, {}] })
  expect(await call('GET', '/v2/summary')).toMatchObject({ status: 404 })
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
  api.unhealthy = 'DISABLED BY FILE'
  expect(await api.call('GET', '/healthcheck')).toMatchObject({ status: 503, text: 'DISABLED BY FILE' })
  api.unhealthy = undefined
})

test('the API document is served and names every route', async () => {
  const { paths, openapi } = await api.get<{ openapi: string; paths: Record<string, Record<string, unknown>> }>(
    200,
    'GET',
    '/openapi.json',
  )
  expect(openapi).toBe('3.1.0')
  for (const route of api.routes) {
    for (const path of typeof route.path === 'string' ? [route.path] : route.path) {
      const method = route.method === 'ANY' ? 'get' : route.method.toLowerCase()
      expect({ path, methods: Object.keys(paths[path] ?? {}) }).toEqual({
        path,
        methods: expect.arrayContaining([method]) as string[],
      })
    }
  }
})
