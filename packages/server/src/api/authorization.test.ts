import { afterAll, expect, test } from 'vitest'
import { claimed, testApp } from '../http/testing/test-app.ts'
import type { AppOptions } from '../http/create-app.ts'
import { Policy } from '../auth/policy/policy.ts'
import { openTestApi, point } from './testing/open-test-api.ts'

/** Whoever the headers claim to be, judged by CloudKitty's default policies: the new ones, or those before them. */
function judged(enforceNewDefaults: boolean): Pick<AppOptions<unknown>, 'authenticate' | 'authorize'> {
  const policy = new Policy({ enforceNewDefaults, enforceScope: true })
  return {
    authenticate(header) {
      const claims = claimed(header)
      return { ...claims, isAdmin: policy.isAdmin(claims) }
    },
    authorize: (who, name, target) => policy.authorize(who, name, target),
  }
}

const now = await openTestApi({ app: judged(true) })
const legacy = await openTestApi({ app: judged(false) })
afterAll(async () => {
  await now[Symbol.asyncDispose]()
  await legacy[Symbol.asyncDispose]()
})
for (const api of [now, legacy]) {
  await api.push(
    point('instance', '2026-06-11T07:00:00Z', '1', '1', { project_id: 'A' }),
    point('instance', '2026-06-11T07:00:00Z', '1', '20', { project_id: 'B' }),
  )
}

const CALLERS = {
  admin: { 'x-project-id': 'A', 'x-roles': 'Admin,member,reader', 'x-user-id': 'u' },
  reader: { 'x-project-id': 'A', 'x-roles': 'reader' },
  'other role': { 'x-project-id': 'A', 'x-roles': 'whatever' },
  unscoped: { 'x-roles': '' },
  'system admin': { 'openstack-system-scope': 'all', 'x-roles': 'admin' },
} as const
type Caller = keyof typeof CALLERS
type Api = typeof now

const call = (api: Api, caller: Caller, method: string, path: string, body?: unknown) =>
  api.call(method, path, { body, headers: CALLERS[caller] })

const ADMIN_ONLY = [
  ['GET', '/v1/collector/mappings'],
  ['GET', '/v1/collector/mappings/x'],
  ['POST', '/v1/collector/mappings', { service: 'a', collector: 'b' }],
  ['DELETE', '/v1/collector/mappings/x'],
  ['GET', '/v1/collector/states/x'],
  ['PUT', '/v1/collector/states/x', { enabled: true }],
  ['GET', '/v1/rating/modules'],
  ['GET', '/v1/rating/modules/hashmap'],
  ['PUT', '/v1/rating/modules/hashmap', { module_id: 'hashmap' }],
  ['GET', '/v1/rating/reload_modules'],
  ['GET', '/v1/billing/modules'],
  ['GET', '/v1/rating/module_config/hashmap/types'],
  ['GET', '/v1/rating/module_config/pyscripts/scripts'],
  ['GET', '/v1/report/tenants'],
  ['GET', '/v2/scope'],
  ['PUT', '/v2/scope', { all_scopes: true, last_processed_timestamp: '2026' }],
  ['PATCH', '/v2/scope', { scope_id: 'x' }],
  ['POST', '/v2/scope', { scope_id: 'x', last_processed_timestamp: '2026' }],
  ['GET', '/v2/rating/modules'],
  ['GET', '/v2/rating/modules/hashmap'],
  ['PUT', '/v2/rating/modules/hashmap', {}],
  ['GET', '/v2/task/reprocesses'],
  [
    'POST',
    '/v2/task/reprocesses',
    { scope_ids: 'x', start_reprocess_time: '2026', end_reprocess_time: '2026', reason: 'x' },
  ],
  ['DELETE', '/v2/task/reprocesses/x'],
  ['GET', '/v2/task/resets'],
  ['DELETE', '/v2/task/resets/x'],
  ['POST', '/v2/dataframes', { dataframes: [] }],
] as const

test.each(ADMIN_ONLY)('%s %s is for admins', async (method, path, body?: unknown) => {
  for (const api of [now, legacy]) {
    expect((await call(api, 'admin', method, path, body)).status).not.toBe(403)
    for (const caller of ['reader', 'other role', 'unscoped', 'system admin'] as const) {
      expect({ caller, status: (await call(api, caller, method, path, body)).status }).toEqual({ caller, status: 403 })
    }
  }
})

test.each(['/v1/info/config', '/v1/info/metrics', '/v1/info/metrics/instance', '/v1/info/services'])(
  '%s is for everybody with a token',
  async (path) => {
    for (const caller of ['admin', 'reader', 'other role', 'unscoped'] as const) {
      expect((await call(now, caller, 'GET', path)).status).toBe(200)
    }
  },
)

test('a quote is for everybody with a token', async () => {
  for (const caller of ['admin', 'reader', 'other role', 'unscoped'] as const) {
    expect(await call(now, caller, 'POST', '/v1/rating/quote', { resources: [] })).toMatchObject({
      status: 200,
      json: '0',
    })
  }
})

test('a module without rules is 409 to everybody', async () => {
  for (const caller of ['admin', 'reader', 'unscoped'] as const) {
    expect((await call(now, caller, 'GET', '/v1/rating/module_config/noop')).status).toBe(409)
  }
})

const REPORTS = [
  // path, then what admin, reader, other role and unscoped get: a sum, or a status
  ['/v1/report/total', ['1.0', '1.0', 403, 403], ['1.0', '1.0', '1.0', 403]],
  ['/v1/report/total?tenant_id=B', ['20.0', 403, 403, 403], ['20.0', 403, 403, 403]],
  ['/v1/report/total?tenant_id=A', ['1.0', '1.0', 403, 403], ['1.0', '1.0', '1.0', 403]],
  ['/v1/report/total?all_tenants=True', ['21.0', 403, 403, 403], ['21.0', 403, 403, 403]],
  [
    '/v1/report/summary?groupby=tenant_id',
    [{ A: '1.0' }, { A: '1.0' }, 403, 403],
    [{ A: '1.0' }, { A: '1.0' }, { A: '1.0' }, 403],
  ],
  [
    '/v1/report/summary?all_tenants=True&groupby=tenant_id',
    [{ A: '1.0', B: '20.0' }, 403, 403, 403],
    [{ A: '1.0', B: '20.0' }, 403, 403, 403],
  ],
  ['/v1/storage/dataframes', [{ A: 1, B: 1 }, { A: 1 }, 403, 403], [{ A: 1, B: 1 }, { A: 1 }, { A: 1 }, 403]],
  ['/v1/storage/dataframes?tenant_id=B', [{ B: 1 }, 403, 403, 403], [{ B: 1 }, 403, 403, 403]],
  ['/v2/summary?groupby=project_id', [{ A: 1, B: 20 }, { A: 1 }, 403, 403], [{ A: 1, B: 20 }, { A: 1 }, { A: 1 }, 403]],
  [
    '/v2/summary?groupby=project_id&filters=project_id:B',
    [{ B: 20 }, { A: 1 }, 403, 403],
    [{ B: 20 }, { A: 1 }, { A: 1 }, 403],
  ],
  ['/v2/dataframes', [{ A: 1, B: 1 }, { A: 1 }, 403, 403], [{ A: 1, B: 1 }, { A: 1 }, { A: 1 }, 403]],
  ['/v2/dataframes?filters=project_id:B', [{ B: 1 }, { A: 1 }, 403, 403], [{ B: 1 }, { A: 1 }, { A: 1 }, 403]],
] as const

test.each(REPORTS)('%s shows each kind of caller their own, or nothing', async (path, today, before) => {
  for (const [api, wanted] of [
    [now, today],
    [legacy, before],
  ] as const) {
    const got: unknown[] = []
    for (const caller of ['admin', 'reader', 'other role', 'unscoped'] as const) {
      const { status, json } = await call(api, caller, 'GET', path)
      got.push(status === 200 ? bySum(json) : status)
    }
    expect(got).toEqual(wanted)
    expect((await call(api, 'system admin', 'GET', path)).status).toBe(403)
  }
})

test('where the policy lets a token for nothing pass, it sees nothing', async () => {
  const { authenticate } = judged(true)
  const { call: ask } = testApp(now.routes, now.deps, { authenticate, authorize: () => {} })
  const headers = CALLERS.unscoped
  expect((await ask('GET', '/v2/summary', { headers })).json).toEqual({ total: 0, columns: [], results: [] })
  expect((await ask('GET', '/v2/dataframes', { headers })).json).toEqual({ total: 0, dataframes: [] })
  for (const path of ['/v1/report/total', '/v1/report/summary', '/v1/storage/dataframes']) {
    expect(await ask('GET', path, { headers })).toMatchObject({ status: 403, json: { faultcode: 'Client' } })
  }
})

test('a refusal has the shape of its family', async () => {
  expect((await call(now, 'reader', 'GET', '/v1/report/summary?tenant_id=B')).json).toEqual({
    faultcode: 'Client',
    faultstring: "Policy doesn't allow report:get_summary to be performed.",
    debuginfo: null,
  })
  expect((await call(now, 'reader', 'GET', '/v2/scope')).json).toEqual({
    message: 'You are not authorized to perform this action',
  })
  const guarded = '/v1/rating/module_config/hashmap/types'
  const accept = { headers: { ...CALLERS.reader, accept: 'application/json' } }
  expect((await now.call('GET', guarded, accept)).json).toMatchObject({ code: 403, title: 'Forbidden' })
})

test('the policy comes before the arguments, but where it asks what is in them', async () => {
  expect((await call(now, 'reader', 'GET', '/v1/rating/module_config/hashmap/types?foo=1')).status).toBe(403)
  expect((await call(now, 'reader', 'GET', '/v1/collector/mappings?foo=1')).status).toBe(403)
  expect((await call(now, 'reader', 'GET', '/v2/scope?foo=1')).status).toBe(403)
  expect((await call(now, 'reader', 'GET', '/v1/report/total?foo=1')).status).toBe(400)
})

/** What an answer shows, by project. */
function bySum(json: unknown): unknown {
  if (typeof json === 'string') return json
  const { summary, results, dataframes } = json as {
    summary?: { tenant_id: string; rate: string }[]
    results?: [string, string, number, number, string][]
    dataframes?: {
      tenant_id?: string
      resources?: object[]
      usage?: Record<string, { groupby: { project_id: string } }[]>
    }[]
  }
  if (summary) return Object.fromEntries(summary.map((row) => [row.tenant_id, row.rate]))
  if (results) return Object.fromEntries(results.map((row) => [row[4], row[3]]))
  const projects = dataframes!.flatMap(({ tenant_id, resources = [], usage = {} }) =>
    tenant_id === undefined
      ? Object.values(usage).flatMap((points) => points.map(({ groupby }) => groupby.project_id))
      : resources.map(() => tenant_id),
  )
  return Object.fromEntries(projects.map((project) => [project, 1]))
}
