import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openTestApi, point, type TestApi } from '../../packages/server/src/api/testing/open-test-api.ts'
import { Policy } from '../../packages/server/src/auth/policy/policy.ts'
import { NOBODY, type Principal } from '../../packages/server/src/domain/principal.ts'
import type { Listener } from '../../packages/server/src/http/listen.ts'
import { sendRaw } from '../../packages/server/src/http/testing/send-raw.ts'
import { type Called, listenForTest, testApp } from '../../packages/server/src/http/testing/test-app.ts'
import { tries } from '../../packages/server/src/lib/testing/tries.ts'
import { pointsOf, tenant } from './sentinels.ts'

const RUNS = tries(250, 1000)

const A = tenant('a', '0a0a7e5183264644a7a79530eb56e599', '3.25')
const B = tenant('b', '0b0bfadcbd46481788e0ad7405dcbf12', '777.5')

const USER: Principal = { ...NOBODY, userId: 'u' }
/** None of them may see anything of project B, whatever they ask. */
const CALLERS: Readonly<Record<string, Principal>> = {
  reader: { ...USER, projectId: A.project, roles: ['reader'] },
  member: { ...USER, projectId: A.project, roles: ['member', 'reader'] },
  'other role': { ...USER, projectId: A.project, roles: ['auditor'] },
  unscoped: USER,
  'domain admin': { ...USER, domainId: 'default', roles: ['admin'] },
  'system reader': { ...USER, systemScope: 'all', roles: ['reader'] },
  'project of no name': { ...USER, projectId: '', roles: ['reader'] },
}

const POLICIES = {
  'new defaults': new Policy({ enforceNewDefaults: true, enforceScope: true }),
  'defaults before secure RBAC': new Policy({ enforceNewDefaults: false, enforceScope: true }),
}
type PolicyName = keyof typeof POLICIES

/** The same service twice, to the callers: one holds A alone, the other B too. */
interface Pair extends AsyncDisposable {
  readonly ports: Readonly<Record<PolicyName, readonly [alone: number, shared: number]>>
}

describe('whoever is held to their own project gets the very same answer whether or not there are others', () => {
  let pair: Pair
  beforeAll(async () => {
    pair = await openPair()
  })
  afterAll(() => pair?.[Symbol.asyncDispose]())

  const ask = async (policy: PolicyName, request: Asked): Promise<[alone: Called, shared: Called]> => {
    const { method, path, body, headers } = request
    const [alone, shared] = pair.ports[policy]
    const sent = body === '' ? { headers } : { headers, body }
    return [await sendRaw(alone, method, path, sent), await sendRaw(shared, method, path, sent)]
  }

  test.each(Object.keys(POLICIES) as PolicyName[])('random search under the %s', async (policy) => {
    const statuses = new Map<string, number>()
    await fc.assert(
      fc.asyncProperty(asked, async (request) => {
        const [alone, shared] = await ask(policy, request)
        const key = `${request.endpoint} ${shared.status}`
        statuses.set(key, (statuses.get(key) ?? 0) + 1)
        expect(shared.status).toBeLessThan(500)
        expect(visible(shared)).toEqual(visible(alone))
      }),
      { numRuns: RUNS },
    )
    // The search is worth something only if much of it gets through to the data.
    for (const endpoint of DATA) expect(statuses.get(`${endpoint} 200`), `${endpoint} 200`).toBeGreaterThan(0)
  })

  test('and an admin does see the others: the search would notice', async () => {
    const admin = { 'x-test-caller': 'admin' }
    const request = { endpoint: '/v2/summary', method: 'GET', path: '/v2/summary', body: '', headers: admin }
    const [alone, shared] = await ask('new defaults', request)
    expect(visible(shared)).not.toEqual(visible(alone))
  })
})

/** All that a client gets but for what differs with each request. */
function visible({ status, text, headers }: Called): unknown {
  const told = Object.fromEntries([...headers].filter(([name]) => !['x-openstack-request-id', 'date'].includes(name)))
  return { status, text, told }
}

interface Asked {
  readonly endpoint: string
  readonly method: string
  readonly path: string
  readonly body: string
  readonly headers: Record<string, string>
}

const DATA = ['/v1/report/total', '/v1/report/summary', '/v1/storage/dataframes', '/v2/dataframes', '/v2/summary']
const REST = [
  '/v1/report/tenants',
  '/v1/info/config',
  '/v1/info/metrics',
  '/v1/info/services',
  '/v1/rating/module_config/hashmap/mappings',
  '/v2/scope',
  '/v2/rating/modules',
  '/v2/task/reprocesses',
]

const word = fc.constantFrom(
  A.project,
  B.project,
  A.resource,
  B.resource,
  A.type,
  B.type,
  B.flavor,
  'instance',
  '',
  '*',
  '%',
  '_',
  "'",
  '"',
  '\\',
  ';',
  '--',
  'null',
  'None',
  'undefined',
  '__UNDEF__',
  'ALL',
  'project_id',
  `${A.project},${B.project}`,
  `${B.project} `,
  `' OR '1'='1`,
  `') OR 1=1 --`,
  `%' OR 'a'='a`,
  B.project.toUpperCase(),
  `${A.project}\u0000${B.project}`,
  `${A.project}\n${B.project}`,
)
const attribute = fc.constantFrom(
  'project_id',
  'Project_id',
  'PROJECT_ID',
  ' project_id',
  'project_id ',
  '"project_id"',
  'project\u200b_id',
  'tenant_id',
  'scope_id',
  'scope',
  'id',
  'type',
  'unit',
  'flavor_name',
  'volume_type',
  'user_id',
  'domain_id',
  'month',
  'year',
  'day_of_the_year',
  'groupby.project_id',
  'metadata.project_id',
  '__proto__',
  'constructor',
  '',
)
const filter = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(attribute, word).map(([name, value]) => `${name}:${value}`) },
  { weight: 1, arbitrary: fc.tuple(attribute, word).map(([name, value]) => `${name}\uff1a${value}`) },
  {
    weight: 1,
    arbitrary: fc.tuple(attribute, word).map(([name, value]) => `project_id:${A.project},${name}:${value}`),
  },
  { weight: 1, arbitrary: word },
)
const groupby = fc.oneof(
  attribute,
  fc.array(attribute, { minLength: 2, maxLength: 4 }).map((names) => names.join(',')),
  fc.constantFrom(
    'time',
    'time-d',
    'time-w',
    'time-m',
    'time-y',
    'time-x',
    'res_type,tenant_id',
    'tenant_id',
    'res_type',
  ),
)
const customFields = fc.oneof(
  fc
    .array(
      fc.tuple(
        fc.constantFrom('SUM', 'max', 'Min', 'count', 'first', 'last', 'mean'),
        fc.constantFrom('qty', 'price', 'project_id', '*'),
        fc.constantFrom('qty', 'rate', 'x', 'project_id', 'price FROM points'),
      ),
      { minLength: 1, maxLength: 3 },
    )
    .map((fields) => fields.map(([fn, column, alias]) => `${fn}(${column}) AS ${alias}`).join(', ')),
  fc.constantFrom('*', 'price', 'SUM(price) AS x; SELECT * FROM points', 'SUM(price) AS "x", (SELECT 1) AS y', ''),
)
const number = fc.constantFrom('0', '1', '2', '5', '100', '-1', '1e3', '99999999999999999999', '', 'x')
const date = fc.constantFrom('2026-06-01', '2026-06-11T07:00:00Z', '2026-07-01', '1970-01-01', '9999-12-31', 'zz', '')
const yes = fc.constantFrom('True', 'true', '1', 'yes', 'False', '0', '', B.project)

const named = (name: string, value: fc.Arbitrary<string>) => value.map((text): [string, string] => [name, text])
const parameter = fc.oneof(
  named('tenant_id', word),
  named('all_tenants', yes),
  named('service', word),
  named('resource_type', word),
  named('groupby', groupby),
  named('filters', filter),
  named('filter', filter),
  named('custom_fields', customFields),
  named('offset', number),
  named('limit', number),
  named('begin', date),
  named('end', date),
  named('response_format', fc.constantFrom('table', 'object', 'csv')),
  fc.tuple(
    fc.constantFrom('project_id', 'scope_id', 'scope_key', 'Tenant_id', 'filters[]', 'filters[project_id]'),
    word,
  ),
)
/** Parameters that the endpoint knows, mostly: others are refused before anything is looked at. */
const parameters = (endpoint: string) => {
  const known = KNOWN[endpoint]
  const fitting = known ? parameter.filter(([name]) => known.includes(name)) : parameter
  const list = fc.array(fitting, { maxLength: 4 })
  return fc.oneof({ weight: 5, arbitrary: list }, { weight: 1, arbitrary: fc.array(parameter, { maxLength: 5 }) })
}
const REPORT = ['tenant_id', 'all_tenants', 'service', 'begin', 'end']
const KNOWN: Readonly<Record<string, readonly string[]>> = {
  '/v1/report/total': REPORT,
  '/v1/report/summary': [...REPORT, 'groupby'],
  '/v1/storage/dataframes': ['tenant_id', 'resource_type', 'begin', 'end'],
  '/v2/dataframes': ['filters', 'offset', 'limit', 'begin', 'end'],
  '/v2/summary': [
    'filters',
    'filter',
    'groupby',
    'custom_fields',
    'response_format',
    'offset',
    'limit',
    'begin',
    'end',
  ],
}

/** Ways to write the same text, and ways that only look so. */
const encoding = fc.constantFrom(
  encodeURIComponent,
  (text: string) => encodeURIComponent(text).replaceAll('%20', '+'),
  (text: string) => encodeURIComponent(encodeURIComponent(text)),
  (text: string) => encodeURIComponent(text).replaceAll('%3A', ':').replaceAll('%2C', ','),
  (text: string) => [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join(''),
  (text: string) => [...Buffer.from(text)].map((byte) => `%c0%${(0x80 | (byte & 0x3f)).toString(16)}`).join(''),
)

/** Headers that identity middleware sets, and that a client may try to set. */
const forged = fc.dictionary(
  fc.constantFrom('x-project-id', 'x-tenant-id', 'x-roles', 'x-user-id', 'x-domain-id', 'x-is-admin-project'),
  fc.constantFrom(B.project, 'admin', 'True', ''),
  { maxKeys: 3 },
)

const asked: fc.Arbitrary<Asked> = fc
  .record({
    endpoint: fc.oneof(
      { weight: 6, arbitrary: fc.constantFrom(...DATA) },
      { weight: 1, arbitrary: fc.constantFrom(...REST) },
    ),
    caller: fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom('reader', 'member', 'other role') },
      { weight: 1, arbitrary: fc.constantFrom(...Object.keys(CALLERS)) },
    ),
    forged,
    encode: encoding,
    method: fc.constantFrom('GET', 'GET', 'GET', 'GET', 'HEAD'),
    // v1 reads arguments from the body of a GET too, as JSON or as a form.
    place: fc.constantFrom('query', 'query', 'query', 'json', 'form', 'both'),
  })
  .chain(({ endpoint, caller, forged, encode, method, place }) =>
    parameters(endpoint).map((given) => {
      const query = given.map(([name, value]) => `${encode(name)}=${encode(value)}`).join('&')
      const inQuery = place === 'query' || place === 'both' || endpoint.startsWith('/v2')
      const inBody = endpoint.startsWith('/v1') && place !== 'query'
      const json = place === 'json' || place === 'both'
      const headers = {
        ...forged,
        'x-test-caller': caller,
        ...(inBody ? { 'content-type': json ? 'application/json' : 'application/x-www-form-urlencoded' } : {}),
      }
      return {
        endpoint,
        method,
        path: inQuery ? `${endpoint}?${query}` : endpoint,
        body: !inBody ? '' : json ? JSON.stringify(Object.fromEntries(given)) : query,
        headers,
      }
    }),
  )

async function openPair(): Promise<Pair> {
  const apis = [await openTestApi(), await openTestApi()] as const
  const [alone, shared] = apis
  await fill(alone, false)
  await fill(shared, true)
  const listeners: Listener[] = []
  const ports: Partial<Record<PolicyName, [number, number]>> = {}
  for (const [name, policy] of Object.entries(POLICIES) as [PolicyName, Policy][]) {
    // oxlint-disable-next-line no-await-in-loop -- two of them
    const both = await Promise.all(apis.map((api) => listenForTest(appFor(api, policy))))
    listeners.push(...both)
    ports[name] = [both[0]!.port, both[1]!.port]
  }
  return {
    ports: ports as Pair['ports'],
    async [Symbol.asyncDispose]() {
      await Promise.all(listeners.map((listener) => listener[Symbol.asyncDispose]()))
      await Promise.all(apis.map((api) => api[Symbol.asyncDispose]()))
    },
  }
}

function appFor(api: TestApi, policy: Policy) {
  return testApp(api.routes, api.deps, {
    authenticate(header) {
      const caller = header('x-test-caller') ?? ''
      return caller === 'admin' ? { ...CALLERS['reader']!, roles: ['admin'], isAdmin: true } : CALLERS[caller]!
    },
    authorize: (who, name, target) => policy.authorize(who, name, target),
  })
}

/** What A has; and what B has beside it, some of which is made to be taken for A's. */
async function fill(api: TestApi, withB: boolean): Promise<void> {
  const hour = '2026-06-11T07:00:00Z'
  const other = (groupby: Record<string, string>, metadata: Record<string, string>, price: string) =>
    point('instance', hour, '9', price, { ...groupby, project_id: B.project }, metadata)
  if (withB) {
    await api.push(
      ...pointsOf(B),
      other({ id: A.resource }, { flavor_name: A.flavor }, '5000'),
      other({ id: 'x', tenant_id: A.project, scope_id: A.project }, { project_id: A.project }, '6000'),
      other({ id: A.project }, { flavor_name: A.project }, '7000'),
      point('instance', hour, '9', '8000', { project_id: `${A.project},${B.project}`, id: 'y' }),
      point('instance', hour, '9', '9000', { project_id: A.project.toUpperCase(), id: 'z' }),
    )
    const hashmap = '/v1/rating/module_config/hashmap'
    const { service_id } = await api.get(201, 'POST', `${hashmap}/services`, { body: { name: 'b' } })
    const rule = { service_id, cost: '1', type: 'flat', tenant_id: B.project }
    await api.get(201, 'POST', `${hashmap}/mappings`, { body: rule })
    const body = { scope_id: B.project, last_processed_timestamp: '2026-06-11T08:00:00Z' }
    await api.get(200, 'POST', '/v2/scope', { body })
  }
  await api.push(
    ...pointsOf(A),
    ...[1, 2, 3].map((i) =>
      point('instance', `2026-06-11T0${i}:00:00Z`, '1', '1', { project_id: A.project, id: `a${i}` }),
    ),
  )
}
