import { get, type IncomingHttpHeaders } from 'node:http'
import { createGunzip, gunzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { jsonStream, listText } from './json-stream.ts'
import { defineRoute, Reply } from './route.ts'
import { listenForTest, testApp } from './testing/test-app.ts'

const LONG = 'usage '.repeat(1000)
let go: () => void = () => {}
let cancelled = false

async function* halves() {
  try {
    yield Array.from({ length: 20_000 }, () => 7)
    await new Promise<void>((resolve) => (go = resolve))
    yield [8]
  } finally {
    cancelled = true
  }
}

const route = defineRoute<unknown>()
const common = { family: 'v2', method: 'GET', policy: null, summary: 'A text' } as const
const ROUTES = [
  route({
    ...common,
    path: '/v2/short',
    operationId: 'short',
    reply: { status: 200, schema: z.string() },
    handle: () => 'x',
  }),
  route({
    ...common,
    path: '/v2/long',
    operationId: 'long',
    steady: true,
    reply: { status: 200, schema: z.string() },
    handle: () => LONG,
  }),
  route({
    ...common,
    path: '/v2/halves',
    operationId: 'halves',
    reply: { status: 200, schema: z.unknown() },
    handle: () => new Reply(jsonStream({}, 'list', listText(halves(), [], String))),
  }),
]
const cors = { allowedOrigins: ['https://horizon.example.net'] }
const app = testApp(ROUTES, {}, { cors })

/** The answer as it came over the wire. */
async function ask(path: string, headers: Record<string, string>, method = 'GET') {
  await using listener = await listenForTest(app)
  return await new Promise<{ status: number; headers: IncomingHttpHeaders; body: Buffer }>((resolve, reject) => {
    get({ host: '127.0.0.1', port: listener.port, path, headers, method }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () =>
        resolve({ status: response.statusCode!, headers: response.headers, body: Buffer.concat(chunks) }),
      )
    }).on('error', reject)
  })
}

test('a long answer is packed for who takes gzip, and says the same', async () => {
  const plain = await ask('/v2/long', {})
  expect(plain.headers).toMatchObject({ 'content-length': String(plain.body.byteLength), vary: 'Accept-Encoding' })
  expect(plain.headers).not.toHaveProperty('content-encoding')
  for (const accept of ['gzip, deflate', 'br;q=1.0, gzip;q=0.5', 'GZIP']) {
    const packed = await ask('/v2/long', { 'accept-encoding': accept })
    expect(packed.headers).toMatchObject({
      'content-encoding': 'gzip',
      'content-length': String(packed.body.byteLength),
      'content-type': 'application/json',
      vary: 'Accept-Encoding',
    })
    expect(packed.body.byteLength).toBeLessThan(200)
    expect(gunzipSync(packed.body).toString()).toBe(plain.body.toString())
  }
})

test.each([
  ['/v2/long', 'identity'],
  ['/v2/long', 'deflate, br'],
  ['/v2/long', 'gzip;q=0'],
  ['/v2/short', 'gzip'],
  ['/healthcheck', 'gzip'],
])('%s is sent as it is to who takes %s', async (path, accept) => {
  const { headers } = await ask(path, { 'accept-encoding': accept })
  expect(headers).not.toHaveProperty('content-encoding')
})

test('what pages of some origins may read is kept apart by origin and by packing', async () => {
  const { headers } = await ask('/v2/long', { 'accept-encoding': 'gzip', origin: cors.allowedOrigins[0]! })
  expect(headers.vary!.split(', ').toSorted()).toEqual(['Accept-Encoding', 'Origin'])
})

test('a packed answer that is streamed is not held back: what is there is there for its client', async () => {
  await using listener = await listenForTest(app)
  const text = await new Promise<string>((resolve, reject) => {
    const headers = { 'accept-encoding': 'gzip' }
    get({ host: '127.0.0.1', port: listener.port, path: '/v2/halves', headers }, (response) => {
      const unpacked = response.on('error', reject).pipe(createGunzip())
      let read = ''
      unpacked.on('data', (chunk: Buffer) => {
        read += chunk.toString()
        // A piece is 32 KiB; the rest does not come before we have it.
        if (read.length >= 32_768) go()
      })
      unpacked.on('error', reject).on('end', () => resolve(read))
    }).on('error', reject)
  })
  expect(JSON.parse(text)).toEqual({ list: [...Array.from({ length: 20_000 }, () => 7), 8] })
})

test('who leaves a packed answer lets go of what it is made of', async () => {
  await using listener = await listenForTest(app)
  cancelled = false
  const headers = { 'accept-encoding': 'gzip' }
  const request = get({ host: '127.0.0.1', port: listener.port, path: '/v2/halves', headers }, (response) => {
    response.once('data', () => request.destroy())
    response.on('error', () => {})
  })
  request.on('error', () => {})
  await expect.poll(() => (go(), cancelled)).toBe(true)
})

test('an answer that stays the same is sent once: then 304, with its id and what pages may read', async () => {
  const origin = cors.allowedOrigins[0]!
  const first = await ask('/v2/long', { origin })
  const { etag } = first.headers
  expect(etag).toMatch(/^"[0-9a-f]{40}"$/)
  const packed = await ask('/v2/long', { 'accept-encoding': 'gzip' })
  expect(packed.headers.etag).toBe(`W/${etag}`)
  for (const tag of [etag!, packed.headers.etag!]) {
    const again = await ask('/v2/long', { origin, 'accept-encoding': 'gzip', 'if-none-match': tag })
    expect(again).toMatchObject({ status: 304, headers: { etag, 'access-control-allow-origin': origin } })
    expect(again.headers['x-openstack-request-id']).toMatch(/^req-/)
    expect(again.body.byteLength).toBe(0)
  }
  expect((await ask('/v2/long', { 'if-none-match': '"other"' })).status).toBe(200)
  expect((await ask('/v2/short', {})).headers).not.toHaveProperty('etag')
})

test('no answer is taken for another type, framed, or told on as a referrer; TLS and sharing are left to who is in front', async () => {
  for (const path of ['/v2/long', '/v2/nothing', '/v1/nothing']) {
    const { headers } = await ask(path, {})
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
    })
    expect(headers).not.toHaveProperty('strict-transport-security')
    expect(headers).not.toHaveProperty('cross-origin-resource-policy')
  }
})
