import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { periodsFrom } from '../../domain/period.ts'
import { type Answer, sendJson, serveHttp, type TestServer } from '../../lib/testing/serve-http.ts'
import { contextOf, metricOf } from '../testing/collect-context.ts'
import { plugin } from './index.ts'

const never = new AbortController().signal
const HOURS = periodsFrom(1_780_272_000, 3, 3600)
const SHIFTED = periodsFrom(1_780_272_060, 2, 3600)
const CPU = metricOf({ name: 'cpu', groupby: ['id', 'project_id'], extraArgs: plugin.extraArgs.parse({}) })
const CERT = fileURLToPath(new URL('../../lib/testing/tls/cert.pem', import.meta.url))
const KEY = fileURLToPath(new URL('../../lib/testing/tls/key.pem', import.meta.url))

/** A Keystone whose tokens are numbered, and whose catalog has Aetos below a path. */
function keystone(aetos: () => string): Promise<TestServer> {
  let tokens = 0
  return serveHttp((_request, response) => {
    const endpoints = [
      { interface: 'internal', region: 'one', url: 'http://127.0.0.1:1/never' },
      { interface: 'public', region: 'one', url: `${aetos()}/metric-storage/` },
    ]
    const token = {
      user: { id: 'me' },
      issued_at: '2026-06-01T00:00:00Z',
      expires_at: '2026-06-01T01:00:00Z',
      catalog: [{ type: 'metric-storage', endpoints }],
    }
    response.writeHead(201, { 'x-subject-token': `token-${++tokens}` }).end(JSON.stringify({ token }))
  })
}

async function open(authUrl: string, options: Record<string, string> = {}) {
  const read = plugin.options.parse({ auth_url: authUrl, user_id: 'me', password: 'sesame', ...options })
  return plugin.create(read, contextOf())
}

function success(resultType: string, ...result: unknown[]): Answer {
  return (_request, response) => sendJson(response, { status: 'success', data: { resultType, result } })
}

const queriesOf = (aetos: TestServer) =>
  aetos.requests.map(({ method, url }) => {
    const [path, query] = url.split('?')
    const parameters = new URLSearchParams(query)
    return [method, path, parameters.get('query'), parameters.get('time')]
  })

const ALL = 'max(max_over_time(cpu{project_id=~"a|b"}[3600s])) by (id, project_id)'

test('one query at an instant asks for all scopes and periods, with the token, where the catalog says', async () => {
  const labels = { project_id: 'a', id: 'vm' }
  await using aetos = await serveHttp(
    success('matrix', {
      metric: labels,
      values: [
        [1_780_275_600, '1.5'],
        [1_780_282_800, '2'],
      ],
    }),
  )
  await using identity = await keystone(() => aetos.url)
  await using collector = await open(identity.url)
  const points = await collector.collect({ metric: CPU, scopes: ['a', 'b'], periods: HOURS }, never)
  expect(points.map(({ series, begin, quantity }) => [series.groupby, begin, quantity.toString()])).toEqual([
    [{ id: 'vm', project_id: 'a' }, 1_780_272_000, '1.5'],
    [{ id: 'vm', project_id: 'a' }, 1_780_279_200, '2'],
  ])
  expect(queriesOf(aetos)).toEqual([['GET', '/metric-storage/api/v1/query', `(${ALL})[7201s:3600s]`, '1780282800']])
  expect(aetos.requests[0]!.headers['x-auth-token']).toBe('token-1')
})

test('one period is asked for as CloudKitty does', async () => {
  await using aetos = await serveHttp(success('vector', { metric: { project_id: 'a' }, value: [1_780_275_600, '3'] }))
  await using identity = await keystone(() => aetos.url)
  await using collector = await open(identity.url)
  const points = await collector.collect({ metric: CPU, scopes: ['a', 'b'], periods: HOURS.slice(0, 1) }, never)
  expect(points.map(({ quantity }) => quantity.toString())).toEqual(['3'])
  expect(queriesOf(aetos)).toEqual([['GET', '/metric-storage/api/v1/query', ALL, '1780275600']])
})

test('periods that PromQL has no steps for are asked for one by one', async () => {
  await using aetos = await serveHttp(({ url }, response) => {
    const at = Number(new URLSearchParams(url.split('?')[1]).get('time'))
    success('vector', { metric: { project_id: 'a' }, value: [at, '1'] })({} as never, response)
  })
  await using identity = await keystone(() => aetos.url)
  await using collector = await open(identity.url)
  const points = await collector.collect({ metric: CPU, scopes: ['a', 'b'], periods: SHIFTED }, never)
  expect(points.map(({ begin }) => begin).toSorted((a, b) => a - b)).toEqual([1_780_272_060, 1_780_275_660])
  expect(aetos.requests).toHaveLength(2)
})

test('many scopes are asked in parts whose URL stays short', async () => {
  await using aetos = await serveHttp(success('matrix'))
  await using identity = await keystone(() => aetos.url)
  await using collector = await open(identity.url)
  const scopes = Array.from({ length: 120 }, (_, i) => String(i).padStart(32, '0'))
  await collector.collect({ metric: CPU, scopes, periods: HOURS }, never)
  expect(aetos.requests).toHaveLength(3)
  expect(Math.max(...aetos.requests.map(({ url }) => url.length))).toBeLessThan(2500)
})

test('a token that is not taken any more is renewed once', async () => {
  await using aetos = await serveHttp((request, response) => {
    if (request.headers['x-auth-token'] === 'token-1') sendJson(response, {}, 401)
    else success('matrix')(request, response)
  })
  await using identity = await keystone(() => aetos.url)
  await using collector = await open(identity.url)
  expect(await collector.collect({ metric: CPU, scopes: ['a'], periods: HOURS }, never)).toEqual([])
  expect(aetos.requests.map(({ headers }) => headers['x-auth-token'])).toEqual(['token-1', 'token-2'])
})

test('a service that has moved is found again when the token is renewed', async () => {
  await using old = await serveHttp((_request, response) => sendJson(response, {}, 401))
  await using moved = await serveHttp(success('matrix'))
  const places = [old.url, moved.url]
  await using identity = await keystone(() => places.shift()!)
  await using collector = await open(identity.url)
  await collector.collect({ metric: CPU, scopes: ['a'], periods: HOURS }, never)
  expect([old.requests.length, moved.requests.length]).toEqual([1, 1])
})

test('what Aetos refuses is a fault with its words, and so is a token that is never taken', async () => {
  for (const status of [403, 401]) {
    const refuse: Answer = (_request, response) =>
      sendJson(response, { error_message: { faultstring: 'RBAC Authorization Failed' } }, status)
    await using aetos = await serveHttp(refuse)
    await using identity = await keystone(() => aetos.url)
    await using collector = await open(identity.url)
    await expect(collector.collect({ metric: CPU, scopes: ['a'], periods: HOURS }, never)).rejects.toMatchObject({
      code: 'collect.rejected',
      message: expect.stringContaining('RBAC Authorization Failed') as string,
      scopeIds: ['a'],
      detail: { metric: 'cpu', status },
    })
  }
})

test('without a token or an endpoint there is a fault that says so', async () => {
  await using refusing = await serveHttp((_request, response) => sendJson(response, {}, 401))
  await using locked = await open(refusing.url)
  await expect(locked.collect({ metric: CPU, scopes: ['a'], periods: HOURS }, never)).rejects.toMatchObject({
    code: 'collect.unreachable',
    message: expect.stringContaining('look at the user, its password and its project in [collector_aetos]') as string,
  })
  await using identity = await keystone(() => 'http://127.0.0.1:1')
  await using elsewhere = await open(identity.url, { region_name: 'Mars' })
  await expect(elsewhere.collect({ metric: CPU, scopes: ['a'], periods: HOURS }, never)).rejects.toMatchObject({
    code: 'config.invalid',
    message: expect.stringContaining('no public endpoint of type metric-storage in region Mars') as string,
  })
})

test('the certificate of Aetos is checked with cafile, and not checked with insecure', async () => {
  const tls = { cert: readFileSync(CERT), key: readFileSync(KEY) }
  await using aetos = await serveHttp(success('matrix'), tls)
  await using identity = await keystone(() => aetos.url)
  const collect = async (options: Record<string, string>) => {
    await using collector = await open(identity.url, options)
    return await collector.collect({ metric: CPU, scopes: ['a'], periods: HOURS }, never)
  }
  await expect(collect({})).rejects.toMatchObject({ code: 'collect.unreachable', detail: { tls: true } })
  expect(await collect({ cafile: CERT })).toEqual([])
  expect(await collect({ insecure: 'true' })).toEqual([])
})

test('it is asked for a number with a token, and is told by the Keystone whose catalog names it', async () => {
  await using aetos = await serveHttp(success('vector', { metric: {}, value: [1_780_272_000, '1'] }))
  await using identity = await keystone(() => aetos.url)
  await using collector = await open(identity.url)
  expect(collector.probe?.asks).toBe(`Aetos, which the catalog of ${identity.url} names`)
  expect(await collector.probe?.run(never)).toBeUndefined()
  expect(queriesOf(aetos)).toEqual([['GET', '/metric-storage/api/v1/query', 'vector(1)', null]])
})
