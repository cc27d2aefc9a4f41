import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { NOBODY } from '../domain/principal.ts'
import { Fault, type FaultCode, type FaultKind, FAULTS } from '../lib/fault.ts'
import type { AppOptions, Limits } from './create-app.ts'
import { jsonStream, listText } from './json-stream.ts'
import { listen, type ListenOptions } from './listen.ts'
import { defineRoute, Reply } from './route.ts'
import { testApp } from './testing/test-app.ts'
import { arg } from './v1-types.ts'
import { field, param } from './v2-types.ts'

/** Told why the request of `/v2/long` has ended, and that nothing is read for it any more. */
let ended: (reason: unknown) => void = () => {}
let letGo: () => void = () => {}

async function* endless() {
  try {
    for (;;) yield Array.from({ length: 1000 }, (_, i) => i)
  } finally {
    letGo()
  }
}

async function* slow() {
  yield Array.from({ length: 10_000 }, (_, i) => i)
  await sleep(200)
  yield [10_000]
}

async function* breaking() {
  yield Array.from({ length: 20_000 }, (_, i) => i)
  throw new Fault('storage.unavailable', 'could not read /var/lib/points.duckdb')
}

const route = defineRoute<unknown>()
const ROUTES = [
  route({
    family: 'v1',
    method: 'GET',
    path: '/v1/things',
    policy: 'rating:get_module',
    operationId: 'op12',
    summary: 'A thing',
    args: { name: arg.text().optional() },
    reply: { status: 200, schema: z.string() },
    handle: (_deps, { args }) => args.name ?? '',
  }),
  route({
    family: 'v1',
    method: 'POST',
    path: '/v1/things',
    policy: 'rating:get_module',
    operationId: 'op13',
    summary: 'A thing by arguments in a body',
    args: { name: arg.text().optional() },
    reply: { status: 200, schema: z.string() },
    handle: (_deps, { args }) => args.name ?? '',
  }),
  route({
    family: 'v2',
    method: 'POST',
    path: '/v2/things',
    policy: null,
    operationId: 'op14',
    summary: 'Make a thing',
    body: z.strictObject({ name: field.text() }),
    reply: { status: 200, schema: z.unknown() },
    handle: (_deps, { body }) => body,
  }),
  route({
    family: 'v2',
    method: 'POST',
    path: '/v2/stream',
    policy: null,
    operationId: 'op15',
    summary: 'Take a long thing',
    body: z.unknown(),
    streams: true,
    reply: { status: 204 },
    async handle(_deps, { request }) {
      for await (const chunk of request.body) void chunk
      return undefined
    },
  }),
  route({
    family: 'v2',
    method: 'GET',
    path: '/v2/long',
    policy: null,
    operationId: 'op16',
    summary: 'A long text, or one without an end',
    query: { endless: param.oneOf(['yes', 'no']).default('no') },
    reply: { status: 200, schema: z.string() },
    handle(_deps, { query, request }) {
      request.signal.addEventListener('abort', () => ended(request.signal.reason))
      if (query.endless === 'no') return 'x'.repeat(30_000_000)
      return new Reply(jsonStream({}, 'list', listText(endless(), [], String)))
    },
  }),
  route({
    family: 'v2',
    method: 'GET',
    path: '/v2/breaking',
    policy: null,
    operationId: 'op17',
    summary: 'Breaks off in its middle',
    reply: { status: 200, schema: z.unknown() },
    handle: () => new Reply(jsonStream({}, 'list', listText(breaking(), [], String))),
  }),
  route({
    family: 'v2',
    method: 'GET',
    path: '/v2/slow',
    policy: null,
    operationId: 'op18',
    summary: 'A list with a pause in it',
    reply: { status: 200, schema: z.unknown() },
    handle: () => new Reply(jsonStream({}, 'list', listText(slow(), [], String))),
  }),
  route({
    family: 'root',
    method: 'GET',
    path: '/',
    access: 'public',
    policy: null,
    operationId: 'op19',
    summary: 'Versions',
    reply: { status: 200, schema: z.unknown() },
    handle: () => ({}),
  }),
]

const REQUEST_ID = /^req-[0-9a-f-]{36}$/

function app(options: Partial<AppOptions<unknown>> = {}) {
  return testApp<unknown>(ROUTES, {}, options)
}

/** Sends this text and nothing more; what came back until the server closed the connection. */
async function talk(text: string, options: Partial<AppOptions<unknown>>, server: Partial<ListenOptions> = {}) {
  await using listener = await listen(app(options), { host: '127.0.0.1', port: 0, drainMs: 100, ...server })
  const socket = connect(listener.port, '127.0.0.1')
  let answer = ''
  socket.setEncoding('utf8')
  socket.on('data', (chunk: string) => (answer += chunk))
  // The server may cut while we still send.
  socket.on('error', () => {})
  socket.write(text)
  await once(socket, 'close')
  return answer
}

test('a client that stops in the middle of its headers is told so and cut off', async () => {
  const answer = await talk('GET / HTTP/1.1\r\nHost: x\r\nX-Half', {}, { headersTimeoutMs: 100, requestTimeoutMs: 200 })
  expect(answer).toMatch(/^HTTP\/1\.1 408 /)
})

test('more connections than may be open are cut, which is told, and others are answered once some have gone', async () => {
  let told = 0
  await using listener = await listen(app(), {
    host: '127.0.0.1',
    port: 0,
    drainMs: 100,
    connectionsMax: 2,
    onCrowded: () => told++,
  })
  const open = async () => {
    const socket = connect(listener.port, '127.0.0.1')
    socket.on('error', () => {})
    await once(socket, 'connect')
    return socket
  }
  const ask = async () => {
    const socket = await open()
    socket.end('GET /v1/things?name=x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
    let answer = ''
    socket.setEncoding('utf8').on('data', (chunk: string) => (answer += chunk))
    await once(socket, 'close')
    return answer
  }
  const idle = [await open(), await open()]
  expect(await ask()).toBe('')
  expect(await ask()).toBe('')
  expect(told).toBe(1)
  for (const socket of idle) socket.destroy()
  await expect.poll(ask).toMatch(/^HTTP\/1\.1 200 /)
})

test.each([
  ['a v1 question', 'GET /v1/things'],
  ['a body that is read whole', 'POST /v2/things'],
  ['a body that is read as it comes', 'POST /v2/stream'],
])('a client that stops in the middle of %s is told so and cut off', async (_what, line) => {
  const head = 'Host: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n'
  const answer = await talk(`${line} HTTP/1.1\r\n${head}{"name": `, { limits: { bodyIdleMs: 100 } })
  expect(answer).toMatch(/^HTTP\/1\.1 408 /)
  expect(answer).toMatch(/^connection: close\r$/im)
  expect(answer).toContain('Nothing of the body came for 0.1 seconds.')
})

describe('an answer that is not taken', () => {
  /** Why the request ended of a client that asks, and reads so much of the answer and no more. */
  async function untaken(path: string, limits: Partial<Limits>, { bytes = 1, accept = 'identity' } = {}) {
    await using listener = await listen(app({ limits }), { host: '127.0.0.1', port: 0, drainMs: 100 })
    const reason = new Promise<unknown>((resolve) => (ended = resolve))
    const isLetGo = new Promise<void>((resolve) => (letGo = resolve))
    const socket = connect(listener.port, '127.0.0.1')
    socket.on('error', () => {})
    socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nAccept-Encoding: ${accept}\r\n\r\n`)
    let read = 0
    socket.on('data', (chunk) => {
      read += chunk.byteLength
      if (read >= bytes) socket.pause()
    })
    const why = await reason
    if (path.includes('endless')) await isLetGo
    socket.destroy()
    return why
  }

  test.each(['/v2/long', '/v2/long?endless=yes'])('%s is cut off', async (path) => {
    expect(await untaken(path, { untakenMs: 50 })).toEqual(new Error('the client went away'))
  })

  // What has an end might be taken to its end in time.
  test.each([
    ['/v2/long', 1],
    ['/v2/long?endless=yes', 1],
    ['/v2/long?endless=yes', Infinity],
  ])('%s is cut off when it is overdue, also when %d bytes of it are taken', async (path, bytes) => {
    const why = await untaken(path, { answerMs: 200 }, { bytes })
    expect(why).toMatchObject({ code: 'request.timeout' })
  })

  test.each<[string, Partial<Limits>, number, object]>([
    ['cut off', { untakenMs: 50 }, 1, new Error('the client went away')],
    ['cut off when it is overdue', { answerMs: 200 }, Infinity, { code: 'request.timeout' }],
  ])('is %s when it is packed, too, and nothing more is read for it', async (_what, limits, bytes, why) => {
    expect(await untaken('/v2/long?endless=yes', limits, { bytes, accept: 'gzip' })).toMatchObject(why)
  })

  test('is whole for a client that waits for what is not there yet', async () => {
    await using listener = await listen(app({ limits: { untakenMs: 20 } }), {
      host: '127.0.0.1',
      port: 0,
      drainMs: 100,
    })
    const reply = await fetch(`http://127.0.0.1:${listener.port}/v2/slow`)
    expect(await reply.json()).toEqual({ list: Array.from({ length: 10_001 }, (_, i) => i) })
  })
})

test('an answer that fails in its middle is cut, and logged with its request id, and nothing of why reaches the client', async () => {
  const logged: { readonly requestId: string; readonly err: unknown }[] = []
  const log = { error: (entry: (typeof logged)[number]) => logged.push(entry), debug: () => {} }
  await using listener = await listen(app({ log } as never), { host: '127.0.0.1', port: 0, drainMs: 100 })
  const reply = await fetch(`http://127.0.0.1:${listener.port}/v2/breaking`)
  const received: string[] = []
  const reading = (async () => {
    for await (const piece of reply.body!) received.push(Buffer.from(piece as Uint8Array).toString())
  })()
  await expect(reading).rejects.toThrow('terminated')
  expect(received.join('')).not.toMatch(/var|Error/)
  expect(logged).toMatchObject([
    { requestId: reply.headers.get('x-openstack-request-id'), err: { code: 'storage.unavailable' } },
  ])
})

test('more headers than are taken are refused with 431', async () => {
  const headers = Array.from({ length: 200 }, (_, i) => `X-${i}: ${'x'.repeat(100)}\r\n`).join('')
  const answer = await talk(`GET / HTTP/1.1\r\nHost: x\r\n${headers}\r\n`, {}, { headerBytesMax: 8192 })
  expect(answer).toMatch(/^HTTP\/1\.1 431 /)
})

test('a body that is longer than is taken is refused without reading it, and the connection closed', async () => {
  const head = 'Host: x\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n'
  const answer = await talk(`POST /v2/things HTTP/1.1\r\n${head}{`, { limits: { bodyBytes: 100 } })
  expect(answer).toMatch(/^HTTP\/1\.1 413 /)
  expect(answer).toMatch(/^connection: close\r$/im)
})

test('a client that asks too often is told when to come back, in the shape of the API it speaks', async () => {
  const limited = app({ rateLimit: { perSecond: 0.01, burst: 2 } })
  const as = (user: string, project: string) => ({ headers: { 'x-user-id': user, 'x-project-id': project } })
  expect((await limited.call('GET', '/v1/things', as('u', 'p'))).status).toBe(200)
  expect((await limited.call('GET', '/v2/nope', as('u', 'p'))).status).toBe(404)
  const v1 = await limited.call('GET', '/v1/things', as('u', 'p'))
  expect(v1).toMatchObject({
    status: 429,
    json: { faultcode: 'Client', faultstring: 'Too many requests.', debuginfo: null },
  })
  expect(Number(v1.headers.get('retry-after'))).toBeGreaterThan(90)
  const v2 = await limited.call('POST', '/v2/things', { ...as('u', 'p'), body: { name: 'x' } })
  expect(v2).toMatchObject({ status: 429, json: { message: 'Too many requests.' } })
  expect(v2.headers.get('x-openstack-request-id')).toMatch(REQUEST_ID)
  expect((await limited.call('GET', '/v1/things', as('u', 'another'))).status).toBe(200)
  expect((await limited.call('GET', '/', as('u', 'p'))).status).toBe(200)
})

test('where nobody proves who they are, another name makes no other client', async () => {
  const limits = { rateLimit: { perSecond: 0.01, burst: 1 }, clientsBy: 'address' } as const
  const ask = (listener: { port: number }, headers: Record<string, string>) =>
    fetch(`http://127.0.0.1:${listener.port}/v1/things`, { headers }).then((reply) => reply.status)
  await using listener = await listen(app(limits), { host: '127.0.0.1', port: 0, drainMs: 100 })
  expect(await ask(listener, { 'x-user-id': 'a' })).toBe(200)
  expect(await ask(listener, { 'x-user-id': 'b', 'x-forwarded-for': '192.0.2.1' })).toBe(429)
  await using behind = await listen(app({ ...limits, trustProxy: true }), { host: '127.0.0.1', port: 0, drainMs: 100 })
  expect(await ask(behind, { 'x-forwarded-for': '192.0.2.1' })).toBe(200)
  expect(await ask(behind, { 'x-forwarded-for': '192.0.2.2' })).toBe(200)
  expect(await ask(behind, { 'x-forwarded-for': 'made up, 192.0.2.1' })).toBe(429)
})

test('while Keystone does not answer, callers are told when to come back, and nothing about it', async () => {
  const logged: unknown[] = []
  const down = app({
    authenticate() {
      throw new Fault(
        'auth.unavailable',
        'Keystone at http://10.0.0.5:5000 answers 401',
        {},
        { retryAfterSeconds: 9.5 },
      )
    },
    log: { error: (entry: unknown) => void logged.push(entry), debug: () => {} },
  })
  const v2 = await down.call('GET', '/v2/summary')
  expect(v2).toMatchObject({ status: 503, json: { message: 'The identity service cannot be asked at the moment.' } })
  expect(v2.headers.get('retry-after')).toBe('10')
  expect(await down.call('GET', '/v1/things')).toMatchObject({ status: 503, json: { faultcode: 'Server' } })
  expect(logged).toHaveLength(2)
  expect(JSON.stringify((logged[0] as { err: Fault }).err.message)).toContain('10.0.0.5')
})

test('what is not the fault of callers is told to them by the words of the catalogue, and to the log in full', async () => {
  const path = '/var/lib/cloudtabby/points.duckdb'
  const logged: { err: Fault }[] = []
  const log = { error: (entry: unknown) => void logged.push(entry as { err: Fault }), debug: () => {} }
  for (const [code, { publicText, status }] of Object.entries<FaultKind>(FAULTS)) {
    const failing = app({
      authenticate() {
        throw new Error('wrapped', { cause: new Fault(code as FaultCode, `could not use ${path}: IO Error`, { path }) })
      },
      log,
    })
    for (const url of ['/v1/things', '/v2/summary']) {
      const answer = await failing.call('GET', url)
      expect([code, answer.status]).toEqual([code, status])
      if (publicText === null) continue
      expect(answer.text).not.toContain(path)
      expect(answer.text).toContain(publicText)
      if (status >= 500) expect(logged.pop()?.err.message).toContain(path)
    }
  }
})

test('an address that proves nothing is told to wait, others and valid tokens are not', async () => {
  let asked = 0
  const limited = app({
    strangerLimit: { perSecond: 0.001, burst: 3 },
    trustProxy: true,
    authenticate(header, _signal, asker) {
      if (header('x-auth-token') === 'known') return NOBODY
      const wait = asker.take()
      if (wait > 0) throw new Fault('request.too_many', 'no', {}, { retryAfterSeconds: wait })
      asked++
      if (header('x-auth-token') === 'valid') {
        asker.giveBack()
        return NOBODY
      }
      throw new Fault('auth.unauthenticated', 'no')
    },
  })
  const from = (address: string, token: string) =>
    limited
      .call('GET', '/v2/nope', { headers: { 'x-forwarded-for': address, 'x-auth-token': token } })
      .then(({ status }) => status)
  for (let i = 0; i < 5; i++) expect(await from('192.0.2.1', 'valid')).toBe(404)
  const made: number[] = []
  for (let i = 0; i < 5; i++) made.push(await from('192.0.2.1', `made-up-${i}`))
  expect(made).toEqual([401, 401, 401, 429, 429])
  expect(asked).toBe(8)
  expect(await from('192.0.2.1', 'known')).toBe(404)
  expect(await from('192.0.2.2', 'made-up')).toBe(401)
  const open = await limited.call('GET', '/', { headers: { 'x-forwarded-for': '192.0.2.1' } })
  expect(open.status).toBe(429)
  expect(Number(open.headers.get('retry-after'))).toBeGreaterThan(0)
})

test('nothing of a body is read for whom the policy refuses, and arguments in a body are short', async () => {
  const refused = app({
    authorize() {
      throw new Fault('policy.forbidden', 'no')
    },
  })
  const broken = new ReadableStream({
    pull() {
      throw new Error('the body was read')
    },
  })
  const response = await refused.fetch(
    new Request('http://x/v1/things', { method: 'POST', body: broken, duplex: 'half' } as RequestInit),
  )
  expect(response.status).toBe(403)
  const long = { body: JSON.stringify({ name: 'x'.repeat(70_000) }) }
  expect((await app({}).call('POST', '/v1/things', long)).status).toBe(413)
})

test('refusals carry a request id, and a HEAD is refused without a body', async () => {
  const refusing = app({
    authenticate(header) {
      if (header('x-auth-token')) return NOBODY
      throw new Fault('auth.unauthenticated', 'no', {}, { challenge: 'Keystone uri="http://keystone"' })
    },
    authorize() {
      throw new Fault('policy.forbidden', 'no', { policy: 'rating:get_module' })
    },
  })
  const headers = { 'x-auth-token': 't' }
  const answers = [
    await refusing.call('GET', '/v1/things'),
    await refusing.call('GET', '/v1/things', { headers }),
    await refusing.call('GET', '/v2/nope', { headers }),
    await refusing.call('HEAD', '/v2/nope'),
  ]
  expect(answers.map((answer) => answer.status)).toEqual([401, 403, 404, 401])
  for (const answer of answers) expect(answer.headers.get('x-openstack-request-id')).toMatch(REQUEST_ID)
  expect(answers[3]!.text).toBe('')
})
