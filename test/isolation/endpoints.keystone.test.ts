import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { KeystoneAuthenticator } from '../../packages/server/src/auth/keystone/keystone-authenticator.ts'
import { authtokenOptions } from '../../packages/server/src/auth/keystone/authtoken-options.ts'
import { Policy } from '../../packages/server/src/auth/policy/policy.ts'
import { CALLERS, callerHeaders, type CallerName } from '../../packages/server/src/auth/testing/caller-matrix.ts'
import {
  KEYSTONE_START_MS,
  sharedKeystone,
  whyNoKeystone,
} from '../../packages/server/src/auth/testing/start-keystone.ts'
import { openTestApi, type TestApi } from '../../packages/server/src/api/testing/open-test-api.ts'
import { type Called, type CallOptions, testApp } from '../../packages/server/src/http/testing/test-app.ts'
import { listAudit } from '../../packages/server/src/state/audit.ts'
import { type Audience, keyOf, type Request, rowOf, ROWS, type World } from './rows.ts'
import { pointsOf, type Tenant, tenant, tracesOf } from './sentinels.ts'

const absent = whyNoKeystone()

/** Which project a caller's token is for: only of that one may they see anything. */
const HOME: Readonly<Record<CallerName, 'A' | 'B' | undefined>> = {
  'no token': undefined,
  'bad token': undefined,
  'revoked token': undefined,
  'forged identity headers': undefined,
  unscoped: undefined,
  'member of another project': 'B',
  'other role on A': 'A',
  'reader on A': 'A',
  'member on A': 'A',
  'member on A with forged headers': 'A',
  'admin on A': 'A',
  'domain admin': undefined,
  'system reader': undefined,
  'system admin': undefined,
}
const NAMES = CALLERS.map((caller) => caller.name)
const UNAUTHENTICATED = new Set<CallerName>(CALLERS.filter((c) => !c.authenticated).map((c) => c.name))
const NO_PROJECT_TOKEN = new Set<CallerName>(['domain admin', 'system reader', 'system admin'])
const READERS = new Set<CallerName>([
  'member of another project',
  'reader on A',
  'member on A',
  'member on A with forged headers',
  'admin on A',
])

const isFor = (audience: Audience, caller: CallerName) => AUDIENCES[audience](caller)

const AUDIENCES: Readonly<Record<Audience, (caller: CallerName) => boolean>> = {
  anybody: () => true,
  'any token': () => true,
  'no domain or system token': (caller) => !NO_PROJECT_TOKEN.has(caller),
  readers: (caller) => READERS.has(caller),
  admins: (caller) => caller === 'admin on A',
}

function expectedStatus(audience: Audience, status: number, caller: CallerName): number {
  if (audience !== 'anybody' && UNAUTHENTICATED.has(caller)) return 401
  return isFor(audience, caller) ? status : 403
}

describe.skipIf(absent !== undefined)(`a real Keystone ${absent ?? ''}`, () => {
  let api: TestApi
  let world: World
  let tenants: Record<'A' | 'B', Tenant>
  let headers: Record<CallerName, Record<string, string>>
  let authenticator: KeystoneAuthenticator
  let callAs: (caller: CallerName, method: string, path: string, options?: CallOptions) => Promise<Called>

  beforeAll(async () => {
    const keystone = await sharedKeystone()
    const { A, B } = keystone.cloud.projects
    tenants = { A: tenant('a', A, '3.25'), B: tenant('b', B, '777.5') }
    api = await openTestApi()
    world = { projectB: B, call: (method, path, sent) => api.call(method, path, sent) }
    await fill(api, tenants)
    const policy = new Policy({ enforceNewDefaults: true, enforceScope: true })
    const options = authtokenOptions.parse({
      auth_type: 'password',
      auth_url: keystone.url,
      www_authenticate_uri: keystone.url,
      username: 'cloudkitty',
      password: 'secret-cloudkitty',
      user_domain_id: 'default',
      project_name: 'service',
      project_domain_id: 'default',
    })
    authenticator = new KeystoneAuthenticator(options, { isAdmin: (claims) => policy.isAdmin(claims) })
    headers = await callerHeaders(keystone)
    const app = testApp(api.routes, api.deps, {
      authenticate: (header, signal) => authenticator.authenticate(header, signal),
      authorize: (who, name, target) => policy.authorize(who, name, target),
    })
    callAs = (caller, method, path, { body } = {}) => app.call(method, path, { body, headers: headers[caller] })
  }, KEYSTONE_START_MS)

  afterAll(async () => {
    await authenticator?.[Symbol.asyncDispose]()
    await api?.[Symbol.asyncDispose]()
  })

  /** What the answer shows of projects that are not the caller's; of what the caller asked for, the answer may speak. */
  function leaks(caller: CallerName, { method, path, body }: Request, answer: Called): string[] {
    if (caller === 'admin on A') return []
    const asked = `${method} ${decodeURIComponent(path)} ${JSON.stringify(body ?? null)}`
    const told = `${answer.text}\n${JSON.stringify([...answer.headers])}`
    return Object.entries(tenants)
      .filter(([name]) => name !== HOME[caller])
      .flatMap(([, other]) => tracesOf(other, told))
      .filter((trace) => !asked.includes(trace))
  }

  const kindsSince = async (id: number) =>
    (await listAudit(api.db, { limit: 1000 }))
      .filter((record) => record.id > id)
      .map((record) => record.kind)
      .toReversed()
  const lastId = async () => (await listAudit(api.db, { limit: 1 }))[0]?.id ?? 0

  test('every route has a row', () => {
    const missing = api.routes.filter((route) => !rowOf(route)).map(keyOf)
    expect(missing).toEqual([])
  })

  test.each(Object.keys(ROWS).filter((key) => key !== 'GET /metrics'))(
    '%s: every kind of caller gets the right status, nobody a byte of another project',
    async (key) => {
      // An alias has the row of what it stands for.
      const routes = api.routes.filter((route) => keyOf(route) === key)
      expect(routes).not.toHaveLength(0)
      for (const route of routes) {
        const row = rowOf(route)!
        // oxlint-disable-next-line no-await-in-loop -- one after the other: they change the same state
        const request = await row.request(world)
        const before = await lastId()
        const got: Record<string, unknown> = {}
        const wanted: Record<string, unknown> = {}
        // Whom it is for comes last: until then nothing may have been changed.
        for (const allowed of [false, true]) {
          for (const caller of NAMES.filter((name) => isFor(row.audience, name) === allowed)) {
            const answer = await callAs(caller, request.method, request.path, { body: request.body })
            got[caller] = { status: answer.status, leaks: leaks(caller, request, answer) }
            wanted[caller] = { status: expectedStatus(row.audience, row.status, caller), leaks: [] }
            if (answer.status === 401) expect(answer.headers.get('www-authenticate')).toMatch(/^Keystone uri="http/)
          }
          expect(await kindsSince(before)).toEqual(allowed ? (row.records ?? []) : [])
        }
        expect(got).toEqual(wanted)
      }
    },
    300_000,
  )

  const OTHERS = ['other role on A', 'unscoped', 'domain admin', 'system reader', 'system admin'] as const
  const OWN = ['reader on A', 'member on A', 'member on A with forged headers'] as const
  const RANGE = 'begin=2026-06-01&end=2026-07-01'

  /** What admin, readers of A and members of B see when they ask so; all others are refused. */
  test.each([
    ['/v1/report/summary?groupby=tenant_id', { admin: ['A'], own: ['A'], other: ['B'] }],
    ['/v1/report/summary?groupby=tenant_id&tenant_id=A', { admin: ['A'], own: ['A'], other: 403 }],
    ['/v1/report/summary?groupby=tenant_id&tenant_id=B', { admin: ['B'], own: 403, other: ['B'] }],
    ['/v1/report/summary?groupby=tenant_id&all_tenants=True', { admin: ['A', 'B'], own: 403, other: 403 }],
    ['/v1/report/summary?groupby=tenant_id&all_tenants=True&tenant_id=A', { admin: ['A', 'B'], own: 403, other: 403 }],
    ['/v1/report/total', { admin: ['A'], own: ['A'], other: ['B'] }],
    ['/v1/report/total?tenant_id=B', { admin: ['B'], own: 403, other: ['B'] }],
    ['/v1/report/total?all_tenants=True', { admin: '780.75', own: 403, other: 403 }],
    ['/v1/storage/dataframes', { admin: ['A', 'B'], own: ['A'], other: ['B'] }],
    ['/v1/storage/dataframes?tenant_id=A', { admin: ['A'], own: ['A'], other: 403 }],
    ['/v1/storage/dataframes?tenant_id=B', { admin: ['B'], own: 403, other: ['B'] }],
    ['/v2/summary?groupby=project_id', { admin: ['A', 'B'], own: ['A'], other: ['B'] }],
    ['/v2/summary?groupby=project_id&filters=project_id:B', { admin: ['B'], own: ['A'], other: ['B'] }],
    ['/v2/summary?groupby=id&filters=type:instance', { admin: ['A', 'B'], own: ['A'], other: ['B'] }],
    ['/v2/dataframes', { admin: ['A', 'B'], own: ['A'], other: ['B'] }],
    ['/v2/dataframes?filters=project_id:B', { admin: ['B'], own: ['A'], other: ['B'] }],
  ] as const)('%s shows each caller their own, or refuses them', async (asked, { admin, own, other }) => {
    const { A, B } = tenants
    const [path, query] = asked.split('?') as [string, string?]
    const named = (query ?? '').replace(/([=:])([AB])(?=&|$)/g, (_, sign: string, name: string) =>
      [sign, name === 'A' ? A.project : B.project].join(''),
    )
    const address = `${path}?${named === '' ? '' : `${named}&`}${RANGE}`
    const shown = async (caller: CallerName) => {
      const answer = await callAs(caller, 'GET', address)
      if (answer.status !== 200) return answer.status
      const seen = [A, B].filter((tenant) => tracesOf(tenant, answer.text).length > 0)
      if (caller !== 'admin on A') expect(leaks(caller, { method: 'GET', path: address }, answer)).toEqual([])
      return seen.length === 0 ? (answer.json as string) : seen.map((tenant) => (tenant === A ? 'A' : 'B'))
    }
    expect({ admin: await shown('admin on A'), other: await shown('member of another project') }).toEqual({
      admin,
      other,
    })
    for (const caller of OWN) expect({ caller, shown: await shown(caller) }).toEqual({ caller, shown: own })
    for (const caller of OTHERS) expect({ caller, shown: await shown(caller) }).toEqual({ caller, shown: 403 })
    for (const caller of UNAUTHENTICATED) expect({ caller, shown: await shown(caller) }).toEqual({ caller, shown: 401 })
  })

  test('without a valid token it is not even told what there is', async () => {
    for (const path of ['/v1/nope', '/v2/nope', '/nope', '/v1/rating/modules/x/y/z', '/v2/scope/']) {
      for (const caller of UNAUTHENTICATED) expect((await callAs(caller, 'GET', path)).status).toBe(401)
    }
  })
})

/** Data of both projects, and rules, scopes and tasks that name B. */
async function fill(api: TestApi, { A, B }: Record<'A' | 'B', Tenant>): Promise<void> {
  await api.push(...pointsOf(A), ...pointsOf(B))
  for (const { project, flavor } of [A, B]) {
    const body = { scope_id: project, last_processed_timestamp: '2026-06-11T08:00:00Z' }
    // oxlint-disable-next-line no-await-in-loop -- in order
    await api.get(200, 'POST', '/v2/scope', { body })
    const task = { start_reprocess_time: '2026-06-10T00:00:00Z', end_reprocess_time: '2026-06-11T00:00:00Z' }
    await api.get(202, 'POST', '/v2/task/reprocesses', { body: { ...task, scope_ids: [project], reason: flavor } })
  }
  const hashmap = '/v1/rating/module_config/hashmap'
  const { service_id } = await api.get(201, 'POST', `${hashmap}/services`, { body: { name: 'instance' } })
  const rule = {
    service_id,
    cost: B.total,
    type: 'flat',
    tenant_id: B.project,
    name: B.flavor,
    description: B.resource,
  }
  await api.get(201, 'POST', `${hashmap}/mappings`, { body: rule })
  await api.get(302, 'PUT', '/v1/rating/modules/hashmap', { body: { module_id: 'hashmap', enabled: true } })
}
