import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, test } from 'vitest'
import { IdentityClient } from './identity-client.ts'

const GET = { method: 'GET', path: '/auth/tokens' } as const
const forever = () => new AbortController().signal

test.each([
  ['http://keystone:5000', 'http://keystone:5000/v3'],
  ['http://keystone:5000/', 'http://keystone:5000/v3'],
  ['https://keystone/identity/v3/', 'https://keystone/identity/v3'],
  ['https://keystone/identity', 'https://keystone/identity/v3'],
  ['http://keystone:35357/v2.0', 'http://keystone:35357/v3'],
])('auth_url %s means %s', (authUrl, baseUrl) => {
  expect(new IdentityClient({ section: 's', authUrl, timeoutSeconds: 1 }).baseUrl).toBe(baseUrl)
})

test.each([{ authUrl: 'keystone:5000' }, { authUrl: '' }, { authUrl: 'http://k', cafile: '/nonexistent/ca.pem' }])(
  '%j is refused at start',
  (options) => {
    expect(() => new IdentityClient({ section: 's', timeoutSeconds: 1, ...options })).toThrow(
      expect.objectContaining({ code: 'config.invalid' }),
    )
  },
)

describe('Keystone counts as unavailable', () => {
  test('when nobody listens', async () => {
    const url = await addressOfNobody()
    await using client = new IdentityClient({ section: 's', authUrl: url, timeoutSeconds: 10 })
    await expect(client.send(GET, forever())).rejects.toMatchObject({
      code: 'auth.unavailable',
      status: 503,
      retryAfterSeconds: 10,
      detail: { section: 's', url: `${url}/v3` },
    })
  })

  test('when it is silent for longer than the timeout', async () => {
    await using server = await listen(() => undefined)
    await using client = new IdentityClient({ section: 's', authUrl: server.url, timeoutSeconds: 0.05 })
    await expect(client.send(GET, forever())).rejects.toMatchObject({
      code: 'auth.unavailable',
      message: expect.stringContaining('does not answer within 0.05 s') as string,
    })
  })

  test.each([
    [503, '7', 7],
    [503, '99999', 300],
    [429, 'Wed, 21 Oct 2026 07:28:00 GMT', 10],
    [500, undefined, 10],
  ])('when it answers %d with Retry-After %s', async (status, header, retryAfterSeconds) => {
    await using server = await listen((_, response) => {
      response.writeHead(status, header === undefined ? {} : { 'retry-after': header }).end('down')
    })
    await using client = new IdentityClient({ section: 's', authUrl: server.url, timeoutSeconds: 10 })
    await expect(client.send(GET, forever())).rejects.toMatchObject({
      code: 'auth.unavailable',
      retryAfterSeconds,
    })
  })

  test('when it cuts the connection twice, not once', async () => {
    let cuts = 1
    let seen = 0
    await using server = await listen((incoming, response) => {
      seen++
      if (cuts-- > 0) incoming.socket.destroy()
      else response.end('{"ok": true}')
    })
    await using client = new IdentityClient({ section: 's', authUrl: server.url, timeoutSeconds: 10 })
    await expect(client.send(GET, forever())).resolves.toMatchObject({ status: 200, body: { ok: true } })
    cuts = 2
    await expect(client.send(GET, forever())).rejects.toMatchObject({ code: 'auth.unavailable' })
    expect(seen).toBe(4)
  })
})

test('a caller who goes away hears its own reason', async () => {
  const caller = new AbortController()
  await using server = await listen(() => caller.abort(new Error('gone')))
  await using client = new IdentityClient({ section: 's', authUrl: server.url, timeoutSeconds: 10 })
  await expect(client.send(GET, caller.signal)).rejects.toThrow('gone')
})

test('what is no JSON has no body, and query and JSON are sent as given', async () => {
  const heard: string[] = []
  await using server = await listen((incoming, response) => {
    incoming.on('data', (chunk: Buffer) => heard.push(chunk.toString()))
    incoming.on('end', () => {
      heard.push(`${incoming.method} ${incoming.url} ${incoming.headers['content-type']}`)
      response.writeHead(201, { 'x-subject-token': 'T' }).end('<html>')
    })
  })
  await using client = new IdentityClient({ section: 's', authUrl: server.url, timeoutSeconds: 10 })
  const ask = { method: 'POST', path: '/x', query: new URLSearchParams({ a: 'b c' }), json: { k: 1 } } as const
  await expect(client.send(ask, forever())).resolves.toEqual({ status: 201, body: undefined, subjectToken: 'T' })
  expect(heard).toEqual(['{"k":1}', 'POST /v3/x?a=b+c application/json'])
})

async function listen(listener: RequestListener) {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function addressOfNobody(): Promise<string> {
  await using server = await listen(() => undefined)
  return server.url
}
