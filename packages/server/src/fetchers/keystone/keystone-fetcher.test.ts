import { expect, test } from 'vitest'
import { contextOf } from '../../collectors/testing/collect-context.ts'
import { type Answer, deadUrl, sendJson, serveHttp } from '../../lib/testing/serve-http.ts'
import { plugin } from './index.ts'

const never = new AbortController().signal
const TOKEN = {
  user: { id: 'me' },
  issued_at: '2026-06-01T00:00:00Z',
  expires_at: '2026-06-01T01:00:00Z',
}

async function open(url: string, options: Record<string, string> = {}) {
  const read = plugin.options.parse({ auth_url: url, user_id: 'me', password: 'sesame', ...options })
  return plugin.create(read, contextOf())
}

/** A Keystone that gives a token, and answers the rest by path. */
function keystone(answers: Record<string, Answer>): Answer {
  return (request, response) => {
    const path = request.url.split('?')[0]!
    if (path === '/v3/auth/tokens') {
      response.writeHead(201, { 'x-subject-token': 'token' }).end(JSON.stringify({ token: TOKEN }))
    } else if (answers[path]) answers[path](request, response)
    else sendJson(response, {}, 404)
  }
}

const roles: Answer = (_request, response) =>
  sendJson(response, {
    roles: [
      { id: 'r', name: 'rating' },
      { id: 's', name: 'Rating' },
    ],
  })

test('the question names our user and the role, which must be called exactly rating', async () => {
  const role_assignments = [
    { scope: { project: { id: 'a' } }, user: { id: 'me' }, role: { id: 'r' } },
    { scope: { domain: { id: 'd' } }, user: { id: 'me' }, role: { id: 'r' } },
    { scope: { project: { id: 'b' }, 'OS-INHERIT:inherited_to': 'projects' } },
    { scope: { project: { id: 'a' } } },
  ]
  await using server = await serveHttp(
    keystone({
      '/v3/roles': roles,
      '/v3/role_assignments': (_request, response) => sendJson(response, { role_assignments }),
    }),
  )
  await using fetcher = await open(server.url)
  expect(await fetcher.scopes(never)).toEqual(['a'])
  expect(server.requests.slice(1).map(({ url }) => url)).toEqual([
    '/v3/roles?name=rating',
    '/v3/role_assignments?user.id=me&role.id=r',
  ])
})

test('pages are followed to the last one', async () => {
  await using server = await serveHttp(
    keystone({
      '/v3/projects': ({ url }, response) => {
        const page = Number(new URL(url, 'http://x').searchParams.get('marker') ?? 1)
        const next = page < 3 ? `http://elsewhere/v3/projects?marker=${page + 1}` : null
        sendJson(response, { projects: [{ id: `p${page}` }], links: { next } })
      },
    }),
  )
  await using fetcher = await open(server.url, { ignore_rating_role: 'true' })
  expect(await fetcher.scopes(never)).toEqual(['p1', 'p2', 'p3'])
})

test('without the role there are no scopes, and nobody is asked for projects', async () => {
  await using server = await serveHttp(
    keystone({ '/v3/roles': (_request, response) => sendJson(response, { roles: [] }) }),
  )
  await using fetcher = await open(server.url, { ignore_disabled_tenants: 'true' })
  expect(await fetcher.scopes(never)).toEqual([])
  expect(server.requests).toHaveLength(2)
})

test('nonsense is a fault', async () => {
  await using server = await serveHttp(
    keystone({ '/v3/roles': (_request, response) => sendJson(response, { roles: [{}] }) }),
  )
  await using fetcher = await open(server.url)
  await expect(fetcher.scopes(never)).rejects.toMatchObject({
    code: 'fetch.failed',
    message: expect.stringContaining('GET /roles with nonsense') as string,
  })
})

test('a Keystone that is not there is a fault', async () => {
  await using fetcher = await open(await deadUrl())
  await expect(fetcher.scopes(never)).rejects.toMatchObject({
    code: 'fetch.failed',
    detail: { reason: 'auth.unavailable' },
  })
})

test.each([
  ['2', 'Keystone has no version 2 API any more; set it to 3'],
  ['2.0', 'Keystone has no version 2 API any more; set it to 3'],
  ['v2.0', 'Keystone has no version 2 API any more; set it to 3'],
  ['4', "expected 3, got '4'"],
])('keystone_version = %s is refused: %s', (keystone_version, message) => {
  const read = plugin.options.safeParse({ keystone_version })
  expect(read.error?.issues).toMatchObject([{ path: ['keystone_version'], message }])
})

test.each(['3', 'v3', '3.14'])('keystone_version = %s is taken', (keystone_version) => {
  expect(plugin.options.safeParse({ keystone_version }).success).toBe(true)
})
