import { once } from 'node:events'
import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { formatDecimal, toFixed } from '../domain/decimal.ts'
import { Fault } from '../lib/fault.ts'
import { defineRoute, Reply, selfUrl } from './route.ts'
import { sendJson, sendRaw } from './testing/send-raw.ts'
import { listenForTest, ORIGIN, testApp } from './testing/test-app.ts'
import { arg } from './v1-types.ts'
import { field, param } from './v2-types.ts'

interface Deps {
  readonly broken?: () => never
}

const route = defineRoute<Deps>()

const ROUTES = [
  route({
    family: 'v1',
    method: 'GET',
    path: ['/v1/things/{thing_id}', '/v1/things'],
    policy: 'rating:get_module',
    operationId: 'op2',
    summary: 'A thing',
    args: {
      thing_id: arg.uuid(),
      since: arg.datetime(),
      all: arg.bool().default(false),
      cost: arg.decimal().optional(),
    },
    reply: { status: 200, schema: z.unknown() },
    handle: (_deps, { args }) => ({
      thing_id: args.thing_id,
      since: args.since?.toISOString() ?? null,
      all: args.all,
      cost: args.cost ? toFixed(args.cost, 28) : null,
    }),
  }),
  route({
    family: 'v1',
    method: 'PUT',
    path: ['/v1/things/{thing_id}', '/v1/things'],
    policy: 'rating:update_module',
    operationId: 'op3',
    summary: 'Change a thing',
    args: { thing_id: arg.text(), force: arg.bool().default(false) },
    body: z.strictObject({
      thing_id: arg.uuid().nullish(),
      cost: arg.decimal(),
      type: arg.oneOf(['flat', 'rate']).default('flat'),
      inner: z.array(z.strictObject({ volume: arg.decimal() })).optional(),
    }),
    bodyName: 'thing_data',
    reply: { status: 302, schema: z.unknown() },
    handle: (_deps, { args, body, request }) =>
      new Reply(
        { id: args.thing_id, cost: formatDecimal(body.cost), type: body.type },
        { headers: { location: selfUrl(request) } },
      ),
  }),
  route({
    family: 'v1',
    method: 'DELETE',
    path: ['/v1/things/{thing_id}', '/v1/things'],
    policy: null,
    operationId: 'op4',
    summary: 'Delete a thing',
    args: { thing_id: arg.uuid() },
    reply: { status: 204 },
    handle(_deps, { args }) {
      if (args.thing_id === 'none') throw new Fault('request.not_found', 'No such thing: none')
      return undefined
    },
  }),
  route({
    family: 'v1',
    method: 'GET',
    path: '/v1/guarded/things',
    policy: 'rating:module_config',
    guard: 'before-arguments',
    operationId: 'op5',
    summary: 'Guarded',
    reply: { status: 200, schema: z.array(z.string()) },
    handle: () => ['flat', 'rate'],
  }),
  route({
    family: 'v2',
    method: 'GET',
    path: '/v2/things',
    policy: 'summary:get_summary',
    operationId: 'op6',
    summary: 'Things',
    query: {
      limit: param.int({ min: 1 }).default(100),
      groupby: param.texts().optional(),
      filters: param.multiDict().optional(),
      begin: param.datetime().optional(),
      format: param.oneOf(['table', 'object']).default('table'),
    },
    reply: { status: 200, schema: z.unknown() },
    handle: (_deps, { query }) => ({ ...query, filters: Object.fromEntries(query.filters ?? []) }),
  }),
  route({
    family: 'v2',
    method: 'POST',
    path: '/v2/things',
    policy: null,
    operationId: 'op7',
    summary: 'Make a thing',
    body: z.strictObject({ ids: field.texts(), name: field.text(), on: field.bool().optional() }),
    reply: { status: 200, schema: z.unknown() },
    handle: (_deps, { body }) => body,
  }),
  route({
    family: 'v2',
    method: 'GET',
    path: '/v2/broken',
    policy: null,
    operationId: 'op8',
    summary: 'Broken',
    reply: { status: 200, schema: z.unknown() },
    handle: ({ broken }) => broken?.(),
  }),
  route({
    family: 'v2',
    method: 'GET',
    path: '/v2/slow',
    policy: null,
    operationId: 'op9',
    summary: 'Slow',
    reply: { status: 200 },
    handle: (_deps, { request }) => once(request.signal, 'abort').then(() => undefined),
  }),
  route({
    family: 'root',
    method: 'GET',
    path: '/',
    access: 'public',
    policy: null,
    operationId: 'op10',
    summary: 'Versions',
    reply: { status: 200, schema: z.unknown() },
    handle: (_deps, { request }) => ({ at: request.url.href }),
  }),
]

const ID = '8c1f0b0e-6a3e-4f0e-9a2f-0e5d0c1b2a33'
const app = testApp<Deps>(ROUTES, {})
const fault = (faultstring: string) => ({ faultcode: 'Client', faultstring, debuginfo: null })

test.each([
  ['a path', `/v1/things/${ID}`],
  ['a path with a slash', `/v1/things/${ID}/`],
  ['a query', `/v1/things?thing_id=${ID}`],
  ['a query that wins over the path', `/v1/things/other?thing_id=${ID}`],
  ['the last of a repeated query', `/v1/things/?thing_id=x&thing_id=${ID}`],
])('a v1 argument is read from %s', async (_where, path) => {
  expect(await app.call('GET', path)).toMatchObject({ status: 200, json: { thing_id: ID, all: false } })
})

test('a v1 argument is read from the JSON body of GET and DELETE', async () => {
  await using listener = await listenForTest(app)
  const get = await sendJson(listener.port, 'GET', '/v1/things/', { thing_id: ID, all: 'yes', cost: 0.1 })
  expect(get).toMatchObject({ status: 200, json: { all: true, cost: '0.1000000000000000000000000000' } })
  const remove = await sendJson(listener.port, 'DELETE', '/v1/things/', { thing_id: ID })
  expect(remove).toMatchObject({ status: 204, text: '' })
  expect(remove.headers.has('content-type')).toBe(false)
})

test.each([
  ['an unknown argument', '/v1/things/x?foo=1', 'Unknown argument: "foo"'],
  ['a missing argument', '/v1/things', 'Missing argument: "thing_id"'],
  [
    'a wrong date',
    '/v1/things/x?since=zz',
    /^Invalid input for field\/attribute since\. Value: 'zz'\. unable to convert to datetime\. /,
  ],
  ['a wrong boolean', '/v1/things/x?all=perhaps', /^Invalid input for field\/attribute all\. Value: 'perhaps'\. /],
  ['a number without end', '/v1/things/x?cost=Infinity', /^Invalid input for field\/attribute cost\./],
  ['a NUL', '/v1/things?thing_id=%00', /NUL/],
])('%s is a v1 fault', async (_what, path, wanted) => {
  const { status, json } = await app.call('GET', path)
  expect(status).toBe(400)
  expect(json).toEqual(fault(typeof wanted === 'string' ? wanted : expect.stringMatching(wanted)))
})

test('an empty v1 date is absent and an empty boolean false', async () => {
  expect(await app.call('GET', '/v1/things/x?since=&all=')).toMatchObject({ json: { since: null, all: false } })
})

test.each([
  ['the path', `/v1/things/${ID}`, { cost: '0.10', thing_id: 'a733d0e1-1ec9-4800-8df8-671e4affd017' }],
  ['the body', '/v1/things/', { cost: '0.10', thing_id: ID }],
  ['the query', `/v1/things/x?thing_id=${ID}`, { cost: '0.10' }],
])('the id of a v1 PUT is taken from %s, and it redirects to itself', async (_where, path, body) => {
  const { status, json, headers } = await app.call('PUT', path, { body })
  expect({ status, json }).toEqual({ status: 302, json: { id: ID, cost: '0.1', type: 'flat' } })
  expect(headers.get('location')).toBe(`${ORIGIN}${path.split('?')[0]}`)
})

test.each([
  [{}, "Invalid input for field/attribute cost. Value: 'None'. Mandatory field missing."],
  [{ cost: 1, foo: 1 }, 'Unknown attribute for argument thing_data: foo'],
  [{ cost: 1, foo: 1, bar: 2 }, 'Unknown attributes for argument thing_data: foo, bar'],
  [{ cost: 1, inner: [{ volume: 1, foo: 1 }] }, 'Unknown attribute for argument thing_data.inner: foo'],
  [
    { cost: 1, type: 'fail' },
    "Invalid input for field/attribute type. Value: 'fail'. Value should be one of: flat, rate",
  ],
  [{ cost: 1, thing_id: 'zz' }, "Invalid input for field/attribute thing_id. Value: 'zz'. Invalid UUID, got 'zz'"],
  [{ cost: null }, "Invalid input for field/attribute cost. Value: 'None'. a decimal number is required"],
])('the v1 body %j is refused', async (body, message) => {
  const { status, json } = await app.call('PUT', '/v1/things/x', { body })
  expect({ status, json }).toEqual({ status: 400, json: fault(message) })
})

test.each([
  ['no JSON', 'zz', 400, 'Request is not in valid JSON format'],
  ['no body', '', 400, 'Missing argument: "thing_data"'],
  ['a list', '[]', 400, 'Invalid input for field/attribute thing_data. A JSON object is required.'],
])('%s where v1 wants an object is a fault', async (_what, body, status, message) => {
  expect(await app.call('PUT', '/v1/things/x', { body })).toMatchObject({ status, json: fault(message) })
})

test('v1 takes JSON and forms, and no other body', async () => {
  const xml = await app.call('PUT', '/v1/things/x', { body: '<a/>', headers: { 'content-type': 'text/xml' } })
  expect(xml).toMatchObject({ status: 415, json: { faultcode: 'Client' } })
  const form = { body: `thing_id=${ID}`, headers: { 'content-type': 'application/x-www-form-urlencoded' } }
  expect(await app.call('DELETE', '/v1/things/', form)).toMatchObject({ status: 204, text: '' })
})

test('a v1 client that takes no JSON gets 406', async () => {
  expect(await app.call('GET', `/v1/things/${ID}`, { headers: { accept: 'text/html' } })).toMatchObject({ status: 406 })
  const browser = 'text/html,application/xml;q=0.9,*/*;q=0.8'
  expect(await app.call('GET', `/v1/things/${ID}`, { headers: { accept: browser } })).toMatchObject({ status: 200 })
})

test.each([
  ['GET', '/v1', 405],
  ['GET', '/v1/', 405],
  ['GET', '/v1/nope', 405],
  ['GET', '/v1/things/a/b', 404],
  ['GET', '/v1/guarded/things/x', 404],
  ['GET', '/v1/guarded', 405],
  ['HEAD', '/v1/things/a', 405],
  ['OPTIONS', '/v1/things/a', 405],
  ['PATCH', '/v1/things/a', 405],
  ['GET', '/v2', 404],
  ['GET', '/v2/', 404],
  ['GET', '/v2/nope', 404],
  ['GET', '/v2/things/', 404],
  ['DELETE', '/v2/things', 405],
  ['GET', '/nope', 404],
  ['POST', '/', 405],
  ['HEAD', '/v2/things', 200],
  ['OPTIONS', '/v2/things', 200],
])('%s %s is answered with %i', async (method, path, status) => {
  expect((await app.call(method, path)).status).toBe(status)
})

test('v1 words routing errors as the client accepts', async () => {
  const named = await app.call('GET', '/v1/nope', { headers: { accept: 'application/json' } })
  expect(named.json).toEqual({ code: 405, title: 'Method Not Allowed', description: '' })
  const any = await app.call('GET', '/v1/nope')
  expect(any.json).toEqual(fault('Method Not Allowed'))
  const plain = await app.call('GET', '/v1/nope', { headers: { accept: 'text/plain' } })
  expect(plain.headers.get('content-type')).toBe('text/plain; charset=UTF-8')
  expect((await app.call('PATCH', '/v1/things/x')).headers.get('allow')).toBe('GET, PUT, DELETE')
})

test('v2 names the methods of a path', async () => {
  const wrong = await app.call('DELETE', '/v2/things')
  expect(wrong.headers.get('allow')).toBe('OPTIONS, GET, HEAD, POST')
  expect(wrong.json).toEqual({ message: expect.any(String) })
  expect((await app.call('OPTIONS', '/v2/things')).headers.get('allow')).toBe('OPTIONS, GET, HEAD, POST')
})

test('v2 reads every kind of query parameter, mixed as clients mix them', async () => {
  const query = 'limit=7&groupby=a,b&groupby=c&filters=k:v,k2:w&filters=k:x&begin=2026-06-01+00%3A00%3A00%2B00%3A00'
  expect((await app.call('GET', `/v2/things?${query}`)).json).toEqual({
    limit: 7,
    groupby: ['a', 'b', 'c'],
    filters: { k: ['v', 'x'], k2: ['w'] },
    begin: Date.UTC(2026, 5, 1) / 1000,
    format: 'table',
  })
})

test.each([
  ['n:"a,b",k:v', { n: ['a,b'], k: ['v'] }],
  ['k:v,urn:"urn:x:y",urn:"p,""q"""', { k: ['v'], urn: ['urn:x:y', 'p,"q"'] }],
  // As CloudKitty takes them: quotes that nothing needs are a part of the value.
  ['n:"a",k:', { n: ['"a"'], k: [''] }],
])('filters with %s name these values', async (text, filters) => {
  const { json } = await app.call('GET', `/v2/things?filters=${encodeURIComponent(text)}`)
  expect(json).toMatchObject({ filters })
})

test.each([
  ['foo=1', 'extra keys not allowed', 'foo'],
  ['limit=1&limit=2', 'length of value must be 1', 'limit'],
  ['limit=1.5', 'expected int', 'limit'],
  ['limit=', 'expected int', 'limit'],
  ['limit=0', 'value must be at least 1', 'limit'],
  ['filters=a', 'invalid key:value association a', 'filters'],
  ['filters=a:b:c', 'invalid key:value association a:b:c', 'filters'],
  ['begin=zz', 'not a valid value', 'begin'],
  ['begin=2026-06-01T00:00:00+00:00', 'not a valid value', 'begin'],
  ['format=csv', 'not a valid value', 'format'],
])('the v2 query %s is refused: %s', async (query, reason, path) => {
  const { status, json } = await app.call('GET', `/v2/things?${query}`)
  expect(status).toBe(400)
  const given = [...new URLSearchParams(query)].reduce<Record<string, string[]>>((all, [name, value]) => {
    ;(all[name] ??= []).push(value)
    return all
  }, {})
  expect(json).toEqual({ message: `Invalid data '${pythonSpaced(given)}' : ${reason} (path: '${path}')` })
})

test.each([
  [
    { ids: 'a,b', name: 5 },
    { ids: ['a', 'b'], name: '5' },
  ],
  [
    { ids: ['a,b', 'c'], name: ['x'], on: 'FALSE' },
    { ids: ['a', 'b', 'c'], name: 'x', on: false },
  ],
])('the v2 body %j is read', async (body, wanted) => {
  expect(await app.call('POST', '/v2/things', { body })).toMatchObject({ status: 200, json: wanted })
})

test.each([
  [{ name: 'x' }, 'required key not provided', 'ids'],
  [{ ids: null, name: 'x' }, 'expected a list', 'ids'],
  [{ ids: 'a', name: null }, 'expected str', 'name'],
  [{ ids: 'a', name: 'x', on: 'perhaps' }, 'expected boolean', 'on'],
  [[], 'expected a dictionary', ''],
])('the v2 body %j is refused: %s', async (body, reason, path) => {
  const { status, json } = await app.call('POST', '/v2/things', { body })
  const message = `Invalid data '${pythonSpaced(body)}' : ${reason} (path: '${path}')`
  expect({ status, json }).toEqual({ status: 400, json: { message } })
})

test.each([
  ['', 'application/json', 400],
  ['{', 'application/json', 400],
  ['{"ids": "a\\u0000", "name": "x"}', 'application/json', 400],
  [`${'['.repeat(500_000)}`, 'application/json', 400],
  ['{}', 'text/plain', 415],
  ['{"ids": "a", "name": "x"}', 'application/vnd.x+json; charset=utf-8', 200],
])('the v2 body %.30j sent as %s is answered with %i', async (body, type, status) => {
  const answer = await app.call('POST', '/v2/things', { body, headers: { 'content-type': type } })
  expect(answer.status).toBe(status)
  if (status >= 400) expect(answer.json).toEqual({ message: expect.any(String) })
})

test('a body that is too long is refused, declared or not', async () => {
  const small = testApp<Deps>(ROUTES, {}, { limits: { bodyBytes: 10 } })
  expect(await small.call('POST', '/v2/things', { body: { ids: 'abcdefghijklm' } })).toMatchObject({ status: 413 })
  await using listener = await listenForTest(small)
  const headers = { 'content-type': 'application/json', 'transfer-encoding': 'chunked' }
  const body = JSON.stringify({ thing_id: ID })
  const chunked = await sendRaw(listener.port, 'GET', '/v1/things/', { body, headers })
  expect(chunked).toMatchObject({ status: 413, json: { faultcode: 'Client' } })
})

test('an unexpected error tells the client nothing and the log everything, once', async () => {
  const logged: unknown[] = []
  const log = { error: (entry: unknown) => void logged.push(entry), debug: () => {} }
  const deps = {
    broken: () => {
      throw new Error('secret internals')
    },
  }
  const answer = await testApp<Deps>(ROUTES, deps, { log }).call('GET', '/v2/broken')
  expect(answer).toMatchObject({ status: 500, json: { message: 'Internal Server Error' } })
  expect(logged).toEqual([{ err: expect.any(Error), requestId: answer.headers.get('x-openstack-request-id') }])
})

test('every answer carries a fresh request id', async () => {
  const ids = await Promise.all(['/', '/nope', '/v1/nope', '/v2/things?x=1'].map((path) => app.call('GET', path)))
  const wanted = /^req-[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
  for (const { headers } of ids) expect(headers.get('x-openstack-request-id')).toMatch(wanted)
  expect(new Set(ids.map(({ headers }) => headers.get('x-openstack-request-id'))).size).toBe(4)
})

test('a policy refusal has the family’s shape, and comes before anything of the arguments or the body is read', async () => {
  const refusing = testApp<Deps>(
    ROUTES,
    {},
    {
      authorize(_who, policy) {
        throw new Fault('policy.forbidden', `Policy doesn't allow ${policy} to be performed.`, { policy })
      },
    },
  )
  expect(await refusing.call('GET', '/v1/things/x')).toMatchObject({
    status: 403,
    json: fault("Policy doesn't allow rating:get_module to be performed."),
  })
  expect(await refusing.call('GET', '/v1/things/x?foo=1')).toMatchObject({ status: 403 })
  expect(await refusing.call('GET', '/v2/things')).toMatchObject({
    status: 403,
    json: { message: 'You are not authorized to perform this action' },
  })
  const guarded = await refusing.call('GET', '/v1/guarded/things?foo=1', { headers: { accept: 'application/json' } })
  expect(guarded).toMatchObject({ status: 403, json: { code: 403, title: 'Forbidden' } })
})

test('without a valid token everything but the public paths is 401, known or not', async () => {
  const closed = testApp<Deps>(
    ROUTES,
    {},
    {
      authenticate() {
        const challenge = 'Keystone uri="http://keystone.example.net:5000"'
        throw new Fault('auth.unauthenticated', 'The request you have made requires authentication.', {}, { challenge })
      },
    },
  )
  const refused = await closed.call('GET', '/v2/nope')
  expect(refused).toMatchObject({
    status: 401,
    json: {
      error: { code: 401, title: 'Unauthorized', message: 'The request you have made requires authentication.' },
    },
  })
  expect(refused.headers.get('www-authenticate')).toBe('Keystone uri="http://keystone.example.net:5000"')
  expect((await closed.call('GET', '/')).status).toBe(200)
  expect((await closed.call('GET', '/v1')).status).toBe(405)
})

test('CORS: a listed origin may ask, another gets a normal answer without leave', async () => {
  const open = testApp<Deps>(ROUTES, {}, { cors: { allowedOrigins: ['https://horizon.example.net'] } })
  const headers = { origin: 'https://horizon.example.net', 'access-control-request-method': 'PUT' }
  const preflight = await open.call('OPTIONS', '/v1/things/x', { headers })
  expect(preflight.status).toBe(200)
  expect(preflight.headers.get('access-control-allow-origin')).toBe('https://horizon.example.net')
  expect(preflight.headers.get('access-control-allow-methods')).toBe('PUT')
  const answer = await open.call('GET', '/', { headers })
  expect(answer.headers.get('access-control-expose-headers')).toContain('X-OpenStack-Request-ID')
  const stranger = await open.call('GET', '/', { headers: { origin: 'https://evil.example.net' } })
  expect(stranger.status).toBe(200)
  expect(stranger.headers.has('access-control-allow-origin')).toBe(false)
  const off = await app.call('OPTIONS', '/v1/things/x', { headers })
  expect(off.status).toBe(405)
})

test('CORS: where any origin may ask, none may with the user’s credentials', async () => {
  const open = testApp<Deps>(ROUTES, {}, { cors: { allowedOrigins: ['*'] } })
  const { headers } = await open.call('GET', '/', { headers: { origin: 'https://any.example.net' } })
  expect(headers.get('access-control-allow-origin')).toBe('*')
  expect(headers.has('access-control-allow-credentials')).toBe(false)
})

test('a trusted proxy’s scheme, host and prefix stand in links; an untrusted one’s do not', async () => {
  const headers = {
    'x-forwarded-proto': 'https',
    'x-forwarded-host': 'cloud.example.net',
    'x-forwarded-prefix': '/rating',
  }
  const behind = testApp<Deps>(ROUTES, {}, { trustProxy: true })
  expect((await behind.call('GET', '/', { headers })).json).toEqual({ at: 'https://cloud.example.net/rating/' })
  const forwarded = { forwarded: 'for=192.0.2.1;proto=https;host="rating.example.org:443", for=x' }
  expect((await behind.call('GET', '/', { headers: forwarded })).json).toEqual({ at: 'https://rating.example.org/' })
  expect((await app.call('GET', '/', { headers })).json).toEqual({ at: `${ORIGIN}/` })
})

test('a request that takes too long is answered all the same, and its handler told', async () => {
  const hurried = testApp<Deps>(ROUTES, {}, { limits: { answerMs: 20 } })
  expect(await hurried.call('GET', '/v2/slow')).toMatchObject({
    status: 503,
    json: { message: 'The request took too long.' },
  })
})

test('a client that goes away aborts the handler', async () => {
  const aborted = deferred<void>()
  const slow = route({
    family: 'v2',
    method: 'POST',
    path: '/v2/wait',
    policy: null,
    operationId: 'op11',
    summary: 'Wait',
    body: z.unknown(),
    reply: { status: 204 },
    async handle(_deps, { request }) {
      started.resolve()
      await once(request.signal, 'abort')
      aborted.resolve()
      return undefined
    },
  })
  const started = deferred<void>()
  await using listener = await listenForTest(testApp<Deps>([slow], {}))
  const socket = connect(listener.port, '127.0.0.1')
  socket.write('POST /v2/wait HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}')
  await started.promise
  socket.destroy()
  await aborted.promise
})

function pythonSpaced(value: unknown): string {
  return JSON.stringify(value).replaceAll('":', '": ').replaceAll(',"', ', "').replaceAll(',null', ', null')
}

function deferred<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve!: (value: T) => void
  const promise = new Promise<T>((done) => {
    resolve = done
  })
  return { promise, resolve }
}
