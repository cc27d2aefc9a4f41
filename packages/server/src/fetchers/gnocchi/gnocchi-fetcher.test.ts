import { expect, test } from 'vitest'
import { contextOf } from '../../collectors/testing/collect-context.ts'
import { deadUrl, sendJson, serveHttp } from '../../lib/testing/serve-http.ts'
import { plugin } from './index.ts'

const never = new AbortController().signal

async function open(url: string, options: Record<string, string> = {}) {
  const basic = { gnocchi_auth_type: 'basic', gnocchi_user: 'us', gnocchi_endpoint: url }
  return plugin.create(plugin.options.parse({ ...basic, ...options }), contextOf())
}

test('scopes are distinct and not empty, of all types and pages, and only their attribute is asked for', async () => {
  await using server = await serveHttp(({ url }, response) => {
    const { pathname, searchParams } = new URL(url, 'http://x')
    if (pathname.endsWith('/volume')) return sendJson(response, [{ project_id: 'c' }, { project_id: '' }, {}])
    if (searchParams.has('marker')) return sendJson(response, [{ project_id: 'b' }, { project_id: 'None' }])
    response.writeHead(200, { link: '<http://elsewhere/?marker=m>; rel="next"' })
    return response.end(JSON.stringify([{ project_id: 'a' }, { project_id: 'a' }]))
  })
  await using fetcher = await open(server.url, { resource_types: 'instance, volume' })
  expect(await fetcher.scopes(never)).toEqual(['a', 'b', 'None', 'c'])
  expect(server.requests.map(({ url }) => url)).toEqual([
    '/v1/search/resource/instance?attrs=project_id&sort=id%3Aasc',
    '/v1/search/resource/instance?attrs=project_id&sort=id%3Aasc&marker=m',
    '/v1/search/resource/volume?attrs=project_id&sort=id%3Aasc',
  ])
  expect(server.requests.map(({ body }) => body)).toEqual(Array.from({ length: 3 }, () => '{"!=":{"project_id":null}}'))
})

test('an attribute that only particular types have is looked for in their details', async () => {
  await using server = await serveHttp((_request, response) =>
    sendJson(response, [{ tenant: 'a' }, { tenant: null }, {}]),
  )
  await using fetcher = await open(server.url, { scope_attribute: 'tenant' })
  expect(await fetcher.scopes(never)).toEqual(['a'])
  expect(server.requests).toMatchObject([
    { url: '/v1/search/resource/generic?details=true&attrs=tenant&sort=id%3Aasc', body: '{}' },
  ])
})

test('pages that go round in circles end with a fault', async () => {
  await using server = await serveHttp(({ url }, response) => {
    const marker = new URL(url, 'http://x').searchParams.get('marker') === 'a' ? 'b' : 'a'
    response.writeHead(200, { link: `<http://elsewhere/?marker=${marker}>; rel="next"` }).end('[{"project_id": ""}]')
  })
  await using fetcher = await open(server.url)
  await expect(fetcher.scopes(never)).rejects.toMatchObject({ code: 'fetch.failed' })
  expect(server.requests).toHaveLength(3)
})

test.each([
  ['that is not there', deadUrl, 'collect.unreachable'],
  ['that answers nonsense', undefined, 'collect.invalid_answer'],
])('a Gnocchi %s is a fault that says what was asked', async (_what, lost, reason) => {
  await using server = await serveHttp((_request, response) => sendJson(response, {}))
  await using fetcher = await open(lost ? await lost() : server.url)
  await expect(fetcher.scopes(never)).rejects.toMatchObject({
    code: 'fetch.failed',
    message: expect.stringContaining('attribute: project_id of generic') as string,
    detail: { reason, resourceType: 'generic' },
  })
})
