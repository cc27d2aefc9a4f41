import type { Called, CallOptions } from '../../packages/server/src/http/testing/test-app.ts'
import { pathsOf, type Route } from '../../packages/server/src/http/route.ts'

/** Whom an endpoint is for. */
export type Audience =
  /** Anybody, without a token. */
  | 'anybody'
  /** Any valid token, whatever it is for: no policy is asked. */
  | 'any token'
  /** Any valid token but those for a domain or the system: the rule is empty, and every rule is for projects. */
  | 'no domain or system token'
  /** Readers of a project, who see their own, and admins. */
  | 'readers'
  | 'admins'

export interface Request {
  readonly method: string
  readonly path: string
  readonly body?: unknown
}

/** What an endpoint is asked in the walk, and what it answers to those whom it is for. */
export interface Row {
  readonly audience: Audience
  readonly status: number
  /** The kinds of audit records that the request leaves; none for a request that changes nothing. */
  readonly records?: readonly string[]
  readonly request: (world: World) => Promise<Request> | Request
}

/** What rows are made of: a project that is not the caller's, and things that are made on demand, past all policies. */
export interface World {
  readonly projectB: string
  call(method: string, path: string, options?: CallOptions): Promise<Called>
}

const HASHMAP = '/v1/rating/module_config/hashmap'
const SCRIPTS = '/v1/rating/module_config/pyscripts/scripts'
/** Before the present of the services that are asked. */
const MORNING = '2026-06-11T08:00:00Z'
const RANGE = 'begin=2026-06-01T00:00:00Z&end=2026-07-01T00:00:00Z'

let made = 0

async function make(world: World, path: string, body: object): Promise<Record<string, string>> {
  const { status, text, json } = await world.call('POST', path, { body })
  if (status !== 200 && status !== 201) throw new Error(`POST ${path}: ${status} ${text}`)
  return json as Record<string, string>
}

const name = () => `thing-${++made}`
const service = async (world: World) => (await make(world, `${HASHMAP}/services`, { name: name() }))['service_id']!
const group = async (world: World) => (await make(world, `${HASHMAP}/groups`, { name: name() }))['group_id']!
const field = async (world: World) =>
  (await make(world, `${HASHMAP}/fields`, { service_id: await service(world), name: name() }))['field_id']!
/** For project B, which is written into it. */
const mapping = async (world: World) => {
  const [service_id, group_id] = [await service(world), await group(world)]
  const body = { service_id, group_id, cost: '1', type: 'flat', tenant_id: world.projectB }
  return (await make(world, `${HASHMAP}/mappings`, body))['mapping_id']!
}
const threshold = async (world: World) => {
  const [service_id, group_id] = [await service(world), await group(world)]
  const body = { service_id, group_id, level: '1', cost: '1', type: 'flat', tenant_id: world.projectB }
  return (await make(world, `${HASHMAP}/thresholds`, body))['threshold_id']!
}
const script = async (world: World) => (await make(world, SCRIPTS, { name: name(), data: 'pass' }))['script_id']!
const scope = async (world: World) => {
  const scope_id = name()
  await make(world, '/v2/scope', { scope_id, last_processed_timestamp: MORNING })
  return scope_id
}

/** What is set to what it was is no change, and leaves no record. */
const isOn = async (world: World, module: string) => {
  const { status, text, json } = await world.call('GET', `/v2/rating/modules/${module}`)
  if (status !== 200) throw new Error(`GET /v2/rating/modules/${module}: ${status} ${text}`)
  return (json as { readonly enabled: boolean }).enabled
}

/** A scope with a task that waits. */
const reprocessed = async (world: World) => {
  const scope_id = await scope(world)
  const body = {
    scope_ids: [scope_id],
    start_reprocess_time: '2026-06-10T00:00:00Z',
    end_reprocess_time: '2026-06-11T00:00:00Z',
    reason: 'wrong price',
  }
  const { status, text } = await world.call('POST', '/v2/task/reprocesses', { body })
  if (status !== 202) throw new Error(`POST /v2/task/reprocesses: ${status} ${text}`)
  return scope_id
}

/** A scope with a reset that nobody has begun to rate again. */
const wasReset = async (world: World) => {
  const scope_id = await scope(world)
  const body = { scope_id, last_processed_timestamp: '2026-06-10T00:00:00Z' }
  const { status, text } = await world.call('PUT', '/v2/scope', { body })
  if (status !== 202) throw new Error(`PUT /v2/scope: ${status} ${text}`)
  return scope_id
}

function get(audience: Audience, path: string, status = 200): Row {
  return { audience, status, request: () => ({ method: 'GET', path }) }
}

/** A question about something that is made first. */
function getMade(path: (id: string) => string, maker: (world: World) => Promise<string>): Row {
  return {
    audience: 'admins',
    status: 200,
    request: async (world) => ({ method: 'GET', path: path(await maker(world)) }),
  }
}

function remove(base: string, kind: string, maker: (world: World) => Promise<string>): Row {
  const request = async (world: World) => ({ method: 'DELETE', path: `${base}/${await maker(world)}` })
  return { audience: 'admins', status: 204, records: [kind], request }
}

function change(
  status: number,
  records: readonly string[],
  request: (world: World) => Promise<Request> | Request,
): Row {
  return { audience: 'admins', status, records, request }
}

/**
 * Every endpoint, by method and first path. `/v1/billing/` is an alias of `/v1/rating/` and has the same rows. The statuses
 * are those of CloudKitty's default policies (its cloudkitty/common/policies), two of its gaps closed: `GET
 * /v2/rating/modules` asks its policy, and a token for a domain or the system is refused instead of failing.
 */
export const ROWS: Readonly<Record<string, Row>> = {
  'GET /': get('anybody', '/'),
  'ANY /healthcheck': get('anybody', '/healthcheck'),
  'GET /metrics': get('anybody', '/metrics'),
  'GET /openapi.json': get('anybody', '/openapi.json'),

  'GET /v1/collector': get('any token', '/v1/collector', 204),
  'GET /v1/collector/mappings': get('admins', '/v1/collector/mappings'),
  'GET /v1/collector/mappings/{service}': {
    audience: 'admins',
    status: 200,
    async request(world) {
      const service = name()
      await world.call('POST', '/v1/collector/mappings', { body: { service, collector: 'gnocchi' } })
      return { method: 'GET', path: `/v1/collector/mappings/${service}` }
    },
  },
  'POST /v1/collector/mappings': change(200, ['collector_mapping'], () => ({
    method: 'POST',
    path: '/v1/collector/mappings',
    body: { service: name(), collector: 'gnocchi' },
  })),
  'DELETE /v1/collector/mappings/{service}': change(204, ['collector_mapping'], async (world) => {
    const service = name()
    await world.call('POST', '/v1/collector/mappings', { body: { service, collector: 'gnocchi' } })
    return { method: 'DELETE', path: `/v1/collector/mappings/${service}` }
  }),
  'GET /v1/collector/states/{name}': get('admins', '/v1/collector/states/gnocchi'),
  'PUT /v1/collector/states/{name}': change(200, ['collector_state'], () => ({
    method: 'PUT',
    path: '/v1/collector/states/gnocchi',
    body: { enabled: true },
  })),

  'GET /v1/info/config': get('no domain or system token', '/v1/info/config'),
  'GET /v1/info/metrics': get('no domain or system token', '/v1/info/metrics'),
  'GET /v1/info/metrics/{metric_id}': get('no domain or system token', '/v1/info/metrics/instance'),
  'GET /v1/info/services': get('no domain or system token', '/v1/info/services'),
  'GET /v1/info/services/{service_id}': get('no domain or system token', '/v1/info/services/instance'),

  'GET /v1/rating/modules': get('admins', '/v1/rating/modules'),
  'GET /v1/rating/modules/{module_id}': get('admins', '/v1/rating/modules/hashmap'),
  'PUT /v1/rating/modules/{module_id}': change(302, ['module'], async (world) => ({
    method: 'PUT',
    path: '/v1/rating/modules/pyscripts',
    body: { module_id: 'pyscripts', enabled: !(await isOn(world, 'pyscripts')) },
  })),
  'GET /v1/rating/reload_modules': get('admins', '/v1/rating/reload_modules', 204),
  'POST /v1/rating/quote': {
    audience: 'no domain or system token',
    status: 200,
    request: () => ({
      method: 'POST',
      path: '/v1/rating/quote',
      body: { resources: [{ service: 'instance', volume: '1', desc: { flavor_name: 'small' } }] },
    }),
  },
  'ANY /v1/rating/module_config/noop': get('any token', '/v1/rating/module_config/noop', 409),

  [`GET ${HASHMAP}/types`]: get('admins', `${HASHMAP}/types`),
  [`GET ${HASHMAP}/services`]: get('admins', `${HASHMAP}/services`),
  [`GET ${HASHMAP}/services/{service_id}`]: getMade((id) => `${HASHMAP}/services/${id}`, service),
  [`POST ${HASHMAP}/services`]: change(201, ['hashmap_service'], () => ({
    method: 'POST',
    path: `${HASHMAP}/services`,
    body: { name: name() },
  })),
  [`DELETE ${HASHMAP}/services/{service_id}`]: change(204, ['hashmap_field', 'hashmap_service'], async (world) => {
    const service_id = await service(world)
    await make(world, `${HASHMAP}/fields`, { service_id, name: name() })
    return { method: 'DELETE', path: `${HASHMAP}/services/${service_id}` }
  }),
  [`GET ${HASHMAP}/fields`]: getMade((id) => `${HASHMAP}/fields?service_id=${id}`, service),
  [`GET ${HASHMAP}/fields/{field_id}`]: getMade((id) => `${HASHMAP}/fields/${id}`, field),
  [`POST ${HASHMAP}/fields`]: change(201, ['hashmap_field'], async (world) => ({
    method: 'POST',
    path: `${HASHMAP}/fields`,
    body: { service_id: await service(world), name: name() },
  })),
  [`DELETE ${HASHMAP}/fields/{field_id}`]: remove(`${HASHMAP}/fields`, 'hashmap_field', field),
  [`GET ${HASHMAP}/groups`]: get('admins', `${HASHMAP}/groups`),
  [`GET ${HASHMAP}/groups/{group_id}`]: getMade((id) => `${HASHMAP}/groups/${id}`, group),
  [`POST ${HASHMAP}/groups`]: change(201, ['hashmap_group'], () => ({
    method: 'POST',
    path: `${HASHMAP}/groups`,
    body: { name: name() },
  })),
  [`DELETE ${HASHMAP}/groups/{group_id}`]: remove(`${HASHMAP}/groups`, 'hashmap_group', group),
  [`GET ${HASHMAP}/groups/mappings`]: getMade((id) => `${HASHMAP}/groups/mappings?group_id=${id}`, group),
  [`GET ${HASHMAP}/groups/thresholds`]: getMade((id) => `${HASHMAP}/groups/thresholds?group_id=${id}`, group),
  [`GET ${HASHMAP}/mappings`]: get('admins', `${HASHMAP}/mappings`),
  [`GET ${HASHMAP}/mappings/{mapping_id}`]: getMade((id) => `${HASHMAP}/mappings/${id}`, mapping),
  [`POST ${HASHMAP}/mappings`]: change(201, ['hashmap_mapping'], async (world) => ({
    method: 'POST',
    path: `${HASHMAP}/mappings`,
    body: { service_id: await service(world), cost: '1', type: 'flat' },
  })),
  [`PUT ${HASHMAP}/mappings/{mapping_id}`]: change(302, ['hashmap_mapping'], async (world) => ({
    method: 'PUT',
    path: `${HASHMAP}/mappings/${await mapping(world)}`,
    body: { cost: '1', end: '2030-01-01T00:00:00' },
  })),
  [`DELETE ${HASHMAP}/mappings/{mapping_id}`]: remove(`${HASHMAP}/mappings`, 'hashmap_mapping', mapping),
  [`GET ${HASHMAP}/mappings/group`]: getMade((id) => `${HASHMAP}/mappings/group?mapping_id=${id}`, mapping),
  [`GET ${HASHMAP}/thresholds`]: getMade((id) => `${HASHMAP}/thresholds?service_id=${id}`, service),
  [`GET ${HASHMAP}/thresholds/{threshold_id}`]: getMade((id) => `${HASHMAP}/thresholds/${id}`, threshold),
  [`POST ${HASHMAP}/thresholds`]: change(201, ['hashmap_threshold'], async (world) => ({
    method: 'POST',
    path: `${HASHMAP}/thresholds`,
    body: { service_id: await service(world), level: '1', cost: '1', type: 'flat' },
  })),
  [`PUT ${HASHMAP}/thresholds/{threshold_id}`]: change(302, ['hashmap_threshold'], async (world) => ({
    method: 'PUT',
    path: `${HASHMAP}/thresholds/${await threshold(world)}`,
    body: { level: '1', cost: '2', type: 'flat' },
  })),
  [`DELETE ${HASHMAP}/thresholds/{threshold_id}`]: remove(`${HASHMAP}/thresholds`, 'hashmap_threshold', threshold),
  [`GET ${HASHMAP}/thresholds/group`]: getMade((id) => `${HASHMAP}/thresholds/group?threshold_id=${id}`, threshold),

  [`GET ${SCRIPTS}`]: get('admins', SCRIPTS),
  [`GET ${SCRIPTS}/{script_id}`]: getMade((id) => `${SCRIPTS}/${id}`, script),
  [`POST ${SCRIPTS}`]: change(201, ['script'], () => ({
    method: 'POST',
    path: SCRIPTS,
    body: { name: name(), data: 'pass' },
  })),
  [`PUT ${SCRIPTS}/{script_id}`]: change(201, ['script'], async (world) => {
    const { script_id, name: known } = await make(world, SCRIPTS, { name: name(), data: 'pass' })
    return { method: 'PUT', path: `${SCRIPTS}/${script_id}`, body: { name: known, end: '2030-01-01T00:00:00' } }
  }),
  [`DELETE ${SCRIPTS}/{script_id}`]: remove(SCRIPTS, 'script', script),

  'GET /v1/report/total': get('readers', `/v1/report/total?${RANGE}`),
  'GET /v1/report/summary': get('readers', `/v1/report/summary?groupby=tenant_id,res_type&${RANGE}`),
  'GET /v1/report/tenants': get('admins', `/v1/report/tenants?${RANGE}`),
  'GET /v1/storage/dataframes': get('readers', `/v1/storage/dataframes?${RANGE}`),

  'GET /v2/scope': get('admins', '/v2/scope'),
  'PUT /v2/scope': change(202, ['scope'], async (world) => ({
    method: 'PUT',
    path: '/v2/scope',
    body: { scope_id: [await scope(world)], last_processed_timestamp: MORNING },
  })),
  'PATCH /v2/scope': change(200, ['scope'], async (world) => ({
    method: 'PATCH',
    path: '/v2/scope',
    body: { scope_id: await scope(world), active: false },
  })),
  'POST /v2/scope': change(200, ['scope'], () => ({
    method: 'POST',
    path: '/v2/scope',
    body: { scope_id: name(), last_processed_timestamp: MORNING },
  })),
  'GET /v2/dataframes': get('readers', `/v2/dataframes?${RANGE}`),
  'POST /v2/dataframes': change(204, ['dataframes'], ({ projectB }) => ({
    method: 'POST',
    path: '/v2/dataframes',
    body: {
      dataframes: [
        {
          period: { begin: '2020-01-01T00:00:00+00:00', end: '2020-01-01T01:00:00+00:00' },
          usage: { instance: [{ vol: { unit: 'x', qty: 1 }, groupby: { project_id: projectB }, metadata: {} }] },
        },
      ],
    },
  })),
  'GET /v2/summary': get('readers', `/v2/summary?groupby=project_id,id,type&${RANGE}`),
  'GET /v2/rating/modules': get('admins', '/v2/rating/modules'),
  'GET /v2/rating/modules/{module_id}': get('admins', '/v2/rating/modules/hashmap'),
  'PUT /v2/rating/modules/{module_id}': change(204, ['module'], async (world) => ({
    method: 'PUT',
    path: '/v2/rating/modules/pyscripts',
    body: { enabled: !(await isOn(world, 'pyscripts')) },
  })),
  'GET /v2/task/reprocesses': get('admins', '/v2/task/reprocesses'),
  'POST /v2/task/reprocesses': change(202, ['reprocess'], async (world) => ({
    method: 'POST',
    path: '/v2/task/reprocesses',
    body: {
      scope_ids: [await scope(world)],
      start_reprocess_time: '2026-06-10T00:00:00Z',
      end_reprocess_time: '2026-06-11T00:00:00Z',
      reason: 'wrong price',
    },
  })),
  'DELETE /v2/task/reprocesses': change(200, ['reprocess'], async (world) => ({
    method: 'DELETE',
    path: `/v2/task/reprocesses/${await reprocessed(world)}`,
  })),
  'GET /v2/audit': get('admins', '/v2/audit'),
  'GET /v2/task/resets': get('admins', '/v2/task/resets'),
  'DELETE /v2/task/resets': change(200, ['reset'], async (world) => ({
    method: 'DELETE',
    path: `/v2/task/resets/${await wasReset(world)}`,
  })),
}

const BILLING = '/v1/billing/'
const RATING = '/v1/rating/'

/** The row of a route; undefined when nobody wrote one. */
export function rowOf(route: Pick<Route<never>, 'method' | 'path'>): Row | undefined {
  const row = ROWS[keyOf(route)]
  const isAlias = pathsOf(route)[0]!.startsWith(BILLING)
  if (!row || !isAlias) return row
  return {
    ...row,
    async request(world) {
      const request = await row.request(world)
      return { ...request, path: request.path.replace(RATING, BILLING) }
    },
  }
}

/** How a route is called in the table. */
export function keyOf(route: Pick<Route<never>, 'method' | 'path'>): string {
  return `${route.method} ${pathsOf(route)[0]!.replace(BILLING, RATING)}`
}
