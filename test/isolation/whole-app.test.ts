import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { loadConfig } from '../../packages/server/src/config/load-config.ts'
import { type Called, listenForTest } from '../../packages/server/src/http/testing/test-app.ts'
import { sendRaw } from '../../packages/server/src/http/testing/send-raw.ts'
import { listAudit } from '../../packages/server/src/state/audit.ts'
import { makeTestStateFolder } from '../../packages/server/src/state/testing/open-test-state.ts'
import { configInput, type Invocation, open } from '../../packages/server/src/commands/invocation.ts'
import { invocationIn } from '../../packages/server/src/commands/testing/invocation-in.ts'
import { createApi, listenLimits } from '../../packages/server/src/wiring/create-api.ts'
import type { Service } from '../../packages/server/src/wiring/open-service.ts'
import { keyOf, rowOf, ROWS } from './rows.ts'

/** Everything that nobody but this program and Keystone may ever read, each of its own text. */
const SECRETS = {
  password: 'secret-of-the-service-user',
  credential: 'secret-of-the-application-credential',
  clickhouse: 'secret-of-clickhouse',
  database: 'secret-of-the-database',
  serviceToken: 'secret-token-of-the-service',
  userToken: 'secret-token-of-a-user',
  otherToken: 'secret-token-of-another-service',
  authorization: 'secret-of-an-authorization-header',
  cookie: 'secret-of-a-cookie',
}

/** A Keystone that takes tokens for what it is told to, and repeats what it was sent in all its answers. */
type Answering = 'members' | 'admins' | 'no log-in' | 'no validation' | 'nonsense'
let answering: Answering = 'members'

const keystone = createServer((incoming, response) => void answer(incoming, response))
let folder: string
let invocation: Invocation
let service: Service

beforeAll(async () => {
  await new Promise<void>((resolve) => keystone.listen(0, '127.0.0.1', resolve))
  folder = await mkdtemp(join(tmpdir(), 'cloudtabby-secrets-'))
  await makeTestStateFolder(join(folder, 'state'))
  await writeFile(join(folder, 'metrics.yml'), 'metrics:\n  cpu:\n    unit: instance\n    groupby: [id]\n')
  await writeFile(
    join(folder, 'cloudkitty.conf'),
    `[DEFAULT]
auth_strategy = keystone
debug = true
log_file = ${join(folder, 'service.log')}
[keystone_authtoken]
auth_url = http://127.0.0.1:${(keystone.address() as AddressInfo).port}/v3
username = cloudkitty
password = ${SECRETS.password}
application_credential_secret = ${SECRETS.credential}
user_domain_id = default
project_name = service
project_domain_id = default
token_cache_time = 0
[collect]
collector = samples
metrics_conf = ${join(folder, 'metrics.yml')}
[fetcher]
backend = samples
[state]
url = pglite:${join(folder, 'state')}
[database]
connection = mysql+pymysql://cloudkitty:${SECRETS.database}@127.0.0.1/cloudkitty
[storage_duckdb]
path = ${join(folder, 'points.duckdb')}
[storage_clickhouse]
password = ${SECRETS.clickhouse}
[cors]
allowed_origin = https://horizon.example.net
`,
  )
  invocation = invocationIn(folder)
  service = await open(invocation)
})

afterAll(async () => {
  await service?.[Symbol.asyncDispose]()
  keystone.closeAllConnections()
  await new Promise((resolve) => keystone.close(resolve))
  await rm(folder, { recursive: true, force: true })
})

/** The API with some options otherwise than the file says. */
async function apiWith(env: Record<string, string>) {
  const { config } = await loadConfig(configInput({ ...invocation, env }))
  return createApi({ ...service, config })
}

const HEADERS = {
  'x-auth-token': SECRETS.userToken,
  'x-service-token': SECRETS.otherToken,
  authorization: `Bearer ${SECRETS.authorization}`,
  cookie: `session=${SECRETS.cookie}`,
  'content-type': 'application/json',
}

test.each<Answering>(['members', 'admins', 'no log-in', 'no validation', 'nonsense'])(
  'while Keystone answers with %s, no secret stands in a log line or a reply',
  async (mode) => {
    answering = mode
    await using api = createApi(service)
    await using listener = await listenForTest(api.app)
    const send = (method: string, path: string, body = '') =>
      sendRaw(listener.port, method, path, { body, headers: HEADERS })
    const replies: Called[] = []
    for (const route of api.routes.filter(({ method }) => method === 'GET')) {
      const path = [route.path].flat()[0]!.replace(/\{\w+\}/g, '1')
      // oxlint-disable-next-line no-await-in-loop -- a client's requests, one after the other
      replies.push(await send('GET', path), await send('PUT', path, '{'), await send('GET', `${path}?begin=zz&x=%ff`))
    }
    replies.push(
      await send('PUT', '/v2/rating/modules/hashmap', '{"enabled": true}'),
      await send('POST', '/v2/dataframes', '{"dataframes": [1]}'),
      await send('POST', '/v2/scope', 'x'.repeat(1000)),
    )
    const log = await readFile(join(folder, 'service.log'), 'utf8')
    expect(log).toContain('answered')
    for (const [name, secret] of Object.entries(SECRETS)) {
      const told = replies.filter(({ text, headers }) => `${text}${JSON.stringify([...headers])}`.includes(secret))
      expect({ name, told, logged: log.includes(secret) }).toEqual({ name, told: [], logged: false })
    }
    const statuses = new Set(replies.map((reply) => reply.status))
    expect(statuses).toContain(mode === 'members' ? 403 : mode === 'admins' ? 204 : 503)
    if (mode !== 'members' && mode !== 'admins') expect(log).toContain('Keystone at http')
  },
)

test('a change is a record, and a line in the log with what was before and after', async () => {
  answering = 'admins'
  await using api = createApi(service)
  await using listener = await listenForTest(api.app)
  for (const priority of [3, 4]) {
    const body = JSON.stringify({ priority })
    // oxlint-disable-next-line no-await-in-loop -- the second changes what the first did
    const { status } = await sendRaw(listener.port, 'PUT', '/v2/rating/modules/hashmap', { body, headers: HEADERS })
    expect(status).toBe(204)
  }
  const [record] = await listAudit(service.db, { limit: 1 })
  expect(record).toMatchObject({ who: 'u', projectId: 'p', action: 'update', kind: 'module', target: 'hashmap' })
  expect([record!.before, record!.after]).toMatchObject([{ priority: 3 }, { priority: 4 }])
  const lines = (await readFile(join(folder, 'service.log'), 'utf8')).split('\n').filter((line) => line !== '')
  const logged = lines.map((line) => JSON.parse(line) as { audit?: object }).findLast((line) => line.audit)
  expect(logged?.audit).toMatchObject({
    who: 'u',
    target: 'hashmap',
    after: { priority: 4 },
    requestId: record!.requestId,
  })
})

test('a database that cannot be reached is told without its password', async () => {
  const url = `postgresql://cloudkitty:${SECRETS.database}@127.0.0.1:1/cloudkitty`
  const failed = await open({ ...invocation, env: { OS_STATE__URL: url } }).catch((error: unknown) => error as Error)
  expect(failed).toBeInstanceOf(Error)
  let told = ''
  for (let error = failed as Error | undefined; error; error = error.cause as Error | undefined) {
    told += `${error.stack}${JSON.stringify(error)}`
  }
  expect(told).not.toContain(SECRETS.database)
})

test('every route has a row in the table of endpoints, and every row a route', () => {
  const { routes } = createApi(service)
  expect(routes.filter((route) => !rowOf(route)).map(keyOf)).toEqual([])
  const known = new Set(routes.map(keyOf))
  expect(Object.keys(ROWS).filter((key) => !known.has(key))).toEqual([])
})

test('[cors] is in force, before any token is asked for', async () => {
  await using api = createApi(service)
  const ask = (method: string, headers: Record<string, string>) =>
    api.app.fetch(new Request('http://127.0.0.1/v2/summary', { method, headers }))
  const origin = 'https://horizon.example.net'
  const preflight = await ask('OPTIONS', {
    origin,
    'access-control-request-method': 'GET',
    'access-control-request-headers': 'x-auth-token',
  })
  expect([preflight.status, preflight.headers.get('access-control-allow-origin')]).toEqual([200, origin])
  expect(preflight.headers.get('access-control-allow-headers')).toBe('x-auth-token')
  const refused = await ask('GET', { origin })
  expect([refused.status, refused.headers.get('access-control-allow-origin')]).toEqual([401, origin])
  expect(refused.headers.get('access-control-expose-headers')).toContain('X-OpenStack-Request-ID')
  const stranger = await ask('GET', { origin: 'https://evil.example.net' })
  expect(stranger.headers.has('access-control-allow-origin')).toBe(false)
})

test('the limits of [api] are in force', async () => {
  answering = 'members'
  await using api = await apiWith({
    OS_API__RATE_LIMIT_PER_SECOND: '0.01',
    OS_API__RATE_LIMIT_BURST: '2',
    OS_API__MAX_BODY_BYTES: '1024',
  })
  const send = (method: string, path: string, body?: string) =>
    api.app.fetch(new Request(`http://127.0.0.1${path}`, { method, headers: HEADERS, ...(body ? { body } : {}) }))
  answering = 'admins' // Who may not is refused before the body is looked at.
  expect((await send('POST', '/v2/scope', 'x'.repeat(2000))).status).toBe(413)
  answering = 'members'
  expect((await send('GET', '/v2/summary')).status).toBe(200)
  const late = await send('GET', '/v2/summary')
  expect(late.status).toBe(429)
  expect(Number(late.headers.get('retry-after'))).toBeGreaterThan(0)
  const { config } = await loadConfig(
    configInput({
      ...invocation,
      env: { OS_API__HEADER_TIMEOUT: '7', OS_API__MAX_HEADER_BYTES: '9000', OS_API__MAX_CONNECTIONS: '50' },
    }),
  )
  expect(listenLimits(config.options)).toEqual({
    headersTimeoutMs: 7000,
    headerBytesMax: 9000,
    connectionsMax: 50,
    requestTimeoutMs: 900_000,
  })
})

async function answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
  let body = ''
  for await (const chunk of incoming) body += String(chunk)
  const echo = { said: body, headers: incoming.headers }
  const reply = (status: number, json: unknown) => {
    response.writeHead(status, { 'content-type': 'application/json', 'x-subject-token': SECRETS.serviceToken })
    response.end(JSON.stringify(json))
  }
  if (answering === 'nonsense') return reply(201, echo)
  if (incoming.method === 'POST') {
    if (answering === 'no log-in') return reply(401, { error: { code: 401, message: body, ...echo } })
    return reply(201, { token: { ...TOKEN, roles: [{ id: 's', name: 'service' }], catalog: [] } })
  }
  if (answering === 'no validation') return reply(500, { error: { code: 500, message: JSON.stringify(echo) } })
  const roles = answering === 'admins' ? ['admin', 'member', 'reader'] : ['member', 'reader']
  return reply(200, { token: { ...TOKEN, roles: roles.map((name) => ({ id: name, name })) } })
}

const TOKEN = {
  methods: ['password'],
  user: { id: 'u', name: 'user', domain: { id: 'default', name: 'Default' } },
  project: { id: 'p', name: 'project', domain: { id: 'default', name: 'Default' } },
  issued_at: '2026-01-01T00:00:00.000000Z',
  expires_at: '2100-01-01T00:00:00.000000Z',
}
