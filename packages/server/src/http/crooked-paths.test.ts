import { request as httpRequest } from 'node:http'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { defineRoute } from './route.ts'
import { isCrooked } from './request-url.ts'
import { listenForTest, testApp } from './testing/test-app.ts'

const route = (family: 'root' | 'v1' | 'v2', path: string) =>
  defineRoute<unknown>()({
    family,
    method: 'GET',
    path,
    policy: null,
    operationId: 'op1',
    summary: 'x',
    access: 'probe',
    ...(path.includes('{') ? { args: { id: z.unknown() } } : {}),
    reply: { status: 200, schema: z.string() },
    handle: () => 'here',
  })
const app = testApp(
  [
    route('root', '/metrics'),
    route('v2', '/v2/scope'),
    route('v1', '/v1/info/metrics'),
    route('v1', '/v1/info/metrics/{id}'),
  ],
  {},
)

/** Sends the path as it is: fetch would straighten it. */
function statusOf(port: number, path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ host: '127.0.0.1', port, path, method: 'GET', agent: false }, (response) => {
      response.resume()
      response.on('end', () => resolve(response.statusCode ?? 0))
    })
    request.on('error', reject)
    request.end()
  })
}

test('a path that means another one than it shows is 404, so that a rule by prefix of a proxy holds', async () => {
  await using listener = await listenForTest(app)
  const crooked = [
    '/v1/%2e%2e/metrics',
    '/v1/%2E./metrics',
    '/v1/../metrics',
    '/v1/../v2/scope',
    '/v1/./info/metrics',
    '/v1/%252e%252e/metrics',
    '/v1/%25252e%25252e/metrics',
    '/v1/..%2fmetrics',
    '/v1/..%252fmetrics',
    '/v1/%2e%2e%5cmetrics',
    '/v1/..;/metrics',
    '/v1/..%3b/metrics',
    '/v1/x;/../metrics',
    '//metrics',
    '/v1//info/metrics',
    '/v1/info//metrics',
    '/v1/info/metrics//',

    '/v1/info/metrics/..',
    '/v1/info/metrics/%2e',
    '/metrics;x',
    '/v2/scope;a=b',
    'http://elsewhere/v1/%2e%2e/metrics',
  ]
  for (const path of crooked) expect([path, await statusOf(listener.port, path)]).toEqual([path, 404])
  const straight = [
    '/metrics',
    '/v2/scope?a=../..//;',
    '/v1/info/metrics/',
    '/v1/info/metrics/volume.size',
    '/v1/info/metrics/...',
    '/v1/info/metrics/..size',
    '/v1/info/metrics/a%3Bb',
    '/v1/info/metrics/a%20%2Fb',
  ]
  for (const path of straight) {
    const status = await statusOf(listener.port, path)
    expect([path, status === 200 || path.includes('?')]).toEqual([path, true])
  }
})

test('how crooked a path is, is found out in one go', () => {
  for (const piece of ['%25', '%2', '/.', './', '%2e%', '..%2f'.slice(0, 3)]) {
    expect(typeof isCrooked(`/v1/${piece.repeat(20_000)}`)).toBe('boolean')
  }
})
