import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { SourceClient, type SourceClientOptions, type SourceExchange } from './source-client.ts'
import { deadUrl, sendJson, serveHttp } from '../../lib/testing/serve-http.ts'
import { faultOf } from '../../lib/testing/thrown.ts'

const never = new AbortController().signal

function client(url: string, more: Partial<SourceClientOptions> = {}): SourceClient {
  return new SourceClient({ source: 'test', url, timeoutSeconds: 30, connections: 2, retryPauseMs: 1, ...more })
}

test('a form is sent by POST below the base URL, and any status comes back with its body', async () => {
  await using server = await serveHttp((_request, response) => sendJson(response, { error: 'no' }, 422))
  await using source = client(`${server.url}/api/v1/`)
  const form = new URLSearchParams({ query: 'a + b' })
  const reply = await source.send({ method: 'POST', path: '/query', form }, never)
  expect(reply.status).toBe(422)
  expect(reply.body.toString()).toBe('{"error":"no"}')
  expect(server.requests).toMatchObject([
    {
      method: 'POST',
      url: '/api/v1/query',
      body: 'query=a+%2B+b',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    },
  ])
})

test('one connection serves many requests', async () => {
  const ports = new Set<number | undefined>()
  await using server = await serveHttp((_request, response) => {
    ports.add(response.socket?.remotePort)
    sendJson(response, {})
  })
  await using source = client(server.url, { connections: 1 })
  for (let i = 0; i < 5; i++) await source.send({ method: 'GET', path: '/' }, never)
  expect(ports.size).toBe(1)
})

test('no more requests than permitted are under way at a time', async () => {
  let running = 0
  let most = 0
  await using server = await serveHttp((_request, response) => {
    most = Math.max(most, ++running)
    setTimeout(() => {
      running--
      sendJson(response, {})
    }, 5)
  })
  await using source = client(server.url, { connections: 3 })
  await Promise.all(Array.from({ length: 12 }, () => source.send({ method: 'GET', path: '/' }, never)))
  expect(most).toBe(3)
})

test.each([
  ['from options', 'http://', { username: 'rating', password: 'geheim' }],
  ['from the URL', 'http://rating:geheim@', {}],
])('basic authentication %s is sent, and never shown', async (_from, scheme, more) => {
  await using server = await serveHttp((_request, response) => sendJson(response, {}))
  await using source = client(server.url.replace('http://', scheme), more)
  await source.send({ method: 'GET', path: '/' }, never)
  expect(server.requests[0]?.headers.authorization).toBe(`Basic ${btoa('rating:geheim')}`)

  await using lost = client((await deadUrl()).replace('http://', scheme), more)
  const fault = await faultOf(lost.send({ method: 'GET', path: '/' }, never))
  expect(fault.code).toBe('collect.unreachable')
  expect(JSON.stringify([fault.message, fault.detail])).not.toContain('geheim')
})

test('a user without a password is not sent', async () => {
  await using server = await serveHttp((_request, response) => sendJson(response, {}))
  await using source = client(server.url, { username: 'rating' })
  await source.send({ method: 'GET', path: '/' }, never)
  expect(server.requests[0]?.headers.authorization).toBeUndefined()
})

test('a refused connection is named with its URL', async () => {
  const url = await deadUrl()
  await using source = client(url)
  const fault = await faultOf(source.send({ method: 'GET', path: '/query', query: new URLSearchParams('a=b') }, never))
  expect(fault.code).toBe('collect.unreachable')
  expect(fault.message).toBe(`test: ${url}/query cannot be reached: connection refused`)
})

test('an unknown host name is named', async () => {
  await using source = client('http://prometheus.invalid:9090')
  const fault = await faultOf(source.send({ method: 'GET', path: '/' }, never))
  expect(fault.code).toBe('collect.unreachable')
  expect(fault.message).toMatch(/host name/)
})

test('an answer that does not come in time is a timeout, and is not asked for again', async () => {
  await using server = await serveHttp(() => {})
  await using source = client(server.url, { timeoutSeconds: 0.05 })
  const fault = await faultOf(source.send({ method: 'GET', path: '/slow' }, never))
  expect(fault.code).toBe('collect.timeout')
  expect(fault.message).toBe(`test: ${server.url}/slow did not answer within 0.05 s`)
  expect(server.requests).toHaveLength(1)
})

test('an answer that begins and does not end in time is a timeout', async () => {
  await using server = await serveHttp((_request, response) => response.writeHead(200).write('{"status":'))
  await using source = client(server.url, { timeoutSeconds: 0.05 })
  expect((await faultOf(source.send({ method: 'GET', path: '/' }, never))).code).toBe('collect.timeout')
})

test('an answer that is cut in the middle is unreachable after the permitted tries', async () => {
  await using server = await serveHttp((_request, response) => {
    response.writeHead(200, { 'content-length': '100' }).write('{"half":', () => response.socket?.destroy())
  })
  await using source = client(server.url, { retries: 2 })
  const fault = await faultOf(source.send({ method: 'POST', path: '/', repeatable: true }, never))
  expect(fault.code).toBe('collect.unreachable')
  expect(fault.message).toMatch(/cut/)
  expect(server.requests).toHaveLength(3)
})

test('what may not be repeated is sent once', async () => {
  await using server = await serveHttp((_request, response) => response.socket?.destroy())
  await using source = client(server.url)
  await faultOf(source.send({ method: 'POST', path: '/' }, never))
  expect(server.requests).toHaveLength(1)
})

test('an overloaded source is asked again, and its recovery is taken', async () => {
  const statuses = [429, 503, 200]
  await using server = await serveHttp((_request, response) => {
    response.writeHead(statuses.shift()!, { 'retry-after': '0' }).end('{}')
  })
  await using source = client(server.url)
  expect((await source.send({ method: 'GET', path: '/' }, never)).status).toBe(200)
  expect(server.requests).toHaveLength(3)
})

test('a source that asks for a long pause is not waited for', async () => {
  await using server = await serveHttp((_request, response) => {
    response.writeHead(429, { 'retry-after': '3600' }).end('{}')
  })
  await using source = client(server.url)
  expect((await source.send({ method: 'GET', path: '/' }, never)).status).toBe(429)
  expect(server.requests).toHaveLength(1)
})

test('an answer beyond the size limit is refused', async () => {
  await using server = await serveHttp((_request, response) => response.end('x'.repeat(3_000_000)))
  await using source = client(server.url, { maxResponseBytes: 1024 * 1024 })
  const fault = await faultOf(source.send({ method: 'GET', path: '/' }, never))
  expect(fault.code).toBe('collect.too_large')
  expect(fault.message).toBe(`test: ${server.url}/ answered with more than 1 MiB`)
})

test('who gives up gets the reason of the signal, waiting or under way', async () => {
  await using server = await serveHttp(() => {})
  await using source = client(server.url, { connections: 1 })
  const controller = new AbortController()
  const asked = [0, 1].map(() => source.send({ method: 'GET', path: '/' }, controller.signal))
  controller.abort(new Error('shutting down'))
  const results = await Promise.allSettled(asked)
  expect(results.map((result) => result.status === 'rejected' && (result.reason as Error).message)).toEqual([
    'shutting down',
    'shutting down',
  ])
})

test('each exchange is counted with what became of it', async () => {
  const seen: SourceExchange[] = []
  const onRequest = (exchange: SourceExchange): void => void seen.push(exchange)
  await using server = await serveHttp((request, response) => {
    if (request.url === '/ok') sendJson(response, {})
    else if (request.url === '/cut') response.socket?.destroy()
  })
  await using source = client(server.url, { onRequest, timeoutSeconds: 0.2, retries: 0 })
  await source.send({ method: 'GET', path: '/ok' }, never)
  await faultOf(source.send({ method: 'GET', path: '/cut' }, never))
  await faultOf(source.send({ method: 'GET', path: '/slow' }, never))
  expect(seen.map(({ source: name, status }) => [name, status])).toEqual([
    ['test', 200],
    ['test', 'unreachable'],
    ['test', 'timeout'],
  ])
  expect(seen.every(({ seconds }) => seconds > 0)).toBe(true)
})

test.each([
  ['a URL that is none', { url: 'nonsense' }, /\[test\]: the URL cannot be read/],
  ['another scheme', { url: 'ftp://host/' }, /http:\/\/ or https:\/\//],
  [
    'a missing cafile',
    { url: 'https://host/', tls: { cafile: '/nowhere/ca.pem' } },
    /\[test\] cafile: \/nowhere\/ca\.pem/,
  ],
])('%s is a fault of the configuration', (_what, more, message) => {
  expect(() => client('http://127.0.0.1', more)).toThrow(message)
})

test('a certificate is checked against cafile, refused without it, and taken as it is when insecure', async () => {
  const [keyfile, certfile] = ['key.pem', 'cert.pem'].map((name) =>
    join(import.meta.dirname, '../../lib/testing/tls', name),
  ) as [string, string]
  const tls = { key: await readFile(keyfile), cert: await readFile(certfile) }
  await using server = await serveHttp((_request, response) => sendJson(response, {}), tls)
  const get = { method: 'GET', path: '/' } as const

  await using trusting = client(server.url, { tls: { cafile: certfile } })
  expect((await trusting.send(get, never)).status).toBe(200)
  await using careless = client(server.url, { tls: { insecure: true } })
  expect((await careless.send(get, never)).status).toBe(200)
  await using strict = client(server.url)
  const fault = await faultOf(strict.send(get, never))
  expect(fault.code).toBe('collect.unreachable')
  expect(fault.message).toMatch(/TLS: self-signed certificate/)
})
