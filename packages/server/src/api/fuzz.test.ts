import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { pathsOf, type Route } from '../http/route.ts'
import { sendRaw } from '../http/testing/send-raw.ts'
import { type Called, listenForTest, testApp } from '../http/testing/test-app.ts'
import { tries } from '../lib/testing/tries.ts'
import { hashmapModule } from '../rating/hashmap/hashmap-module.ts'
import { noopModule } from '../rating/noop/noop-module.ts'
import { RatingPipeline } from '../rating/rating-pipeline.ts'
import { leakIn } from './testing/leak-in.ts'
import { at, HASHMAP, openTestApi, point } from './testing/open-test-api.ts'
import { operationAt } from './testing/operation-at.ts'

/** Valid requests to each route, and as many wrong ones. */
const RUNS = tries(4, 100)
const SEED = process.env['FUZZ_SEED'] === undefined ? {} : { seed: Number(process.env['FUZZ_SEED']) }

const api = await openTestApi()
// A quote must not wait for the sandbox of random scripts.
const withoutScripts = async () => new Map([...(await api.modules.all())].filter(([name]) => name !== 'pyscripts'))
const pipeline = new RatingPipeline([hashmapModule(api.db), noopModule()], { all: withoutScripts })
const app = testApp(api.routes, { ...api.deps, pipeline }, { limits: { answerMs: 20_000, streamMs: 20_000 } })
const listener = await listenForTest(app)
afterAll(async () => {
  await listener[Symbol.asyncDispose]()
  await api[Symbol.asyncDispose]()
})

await api.push(point('instance', '2026-06-11T07:00:00Z', '1', '1', { project_id: 'A', id: 'x' }, { flavor: 'small' }))
const NAMES = { scopeKey: 'project_id', fetcher: 'keystone', collector: 'gnocchi' }
await api.scopes.create(
  { ...NAMES, scopeId: 'A', lastProcessed: at('2026-06-10T00:00:00Z'), active: true },
  3600,
  api.now,
  { who: 'tester' },
)
const service = await api.get<{ service_id: string }>(201, 'POST', `${HASHMAP}/services`, {
  body: { name: 'instance' },
})
await api.modules.set('hashmap', { enabled: true }, { who: 'tester' })

const made = async (path: string, key: string, body: object): Promise<string> =>
  (await api.get(201, 'POST', `/v1/rating/module_config/${path}`, { body }))[key] as string
const fieldId = await made('hashmap/fields', 'field_id', { name: 'flavor', service_id: service.service_id })
const groupId = await made('hashmap/groups', 'group_id', { name: 'uptime' })
const rule = { field_id: fieldId, value: 'small', cost: '0.5', end: '3000-01-01' }

/** Values that mean something, by the name of the argument or member. */
const KNOWN: Readonly<Record<string, readonly unknown[]>> = {
  module_id: ['hashmap', 'noop', 'pyscripts'],
  service_id: [service.service_id],
  field_id: [fieldId],
  group_id: [groupId],
  mapping_id: [await made('hashmap/mappings', 'mapping_id', rule)],
  threshold_id: [
    await made('hashmap/thresholds', 'threshold_id', { service_id: service.service_id, level: 1, cost: 1 }),
  ],
  data: ['pass'],
  script_id: [await made('pyscripts/scripts', 'script_id', { name: 'known', data: 'pass' })],
  metric_id: ['instance', 'volume.size'],
  scope_id: ['A'],
  scope_key: ['project_id'],
  fetcher: ['keystone'],
  active: [1],
  offset: [0, 1],
  begin: ['2026-06-01', '2026-06-11T07:00:00Z'],
  filter: ['project_id:A', 'type:instance', 'flavor:small'],
  filters: ['project_id:A', 'type:instance', 'flavor:small'],
  groupby: ['type', 'time', 'time-d', 'project_id,flavor'],
  custom_fields: ['SUM(qty) AS qty', 'MAX(price) AS p, COUNT(qty) AS n'],
}

/** Bodies whose members must fit each other, by the end of the path. */
const BODIES: Readonly<Record<string, readonly object[]>> = {
  'POST hashmap/mappings': [{ service_id: service.service_id, cost: 1 }, rule],
  'POST hashmap/thresholds': [{ field_id: fieldId, level: '3', cost: '0.5', type: 'rate', group_id: groupId }],
  'POST pyscripts/scripts': [{ name: 'new', data: 'pass', start: '3000-01-01', end: null, description: 'x' }],
  'PUT hashmap/mappings': [{ cost: 2, end: '3000-01-01' }],
  'POST v2/dataframes': [
    {
      dataframes: [
        {
          period: { begin: '2026-06-11T07:00:00', end: '2026-06-11T08:00:00' },
          usage: {
            volume: [{ vol: { unit: 'GiB', qty: 1.5 }, rating: { price: '2' }, groupby: { id: 'a' }, metadata: {} }],
          },
        },
      ],
    },
  ],
  'POST rating/quote': [{ resources: [{ service: 'instance', desc: { flavor: 'small' }, volume: 2 }] }],
  'PUT v2/scope': [
    { scope_id: 'A', last_processed_timestamp: '2026-06-10T00:00:00Z' },
    { all_scopes: true, state: '2026-06-10T00:00:00Z' },
  ],
  'POST task/reprocesses': [
    { scope_ids: 'A', reason: 'x', start_reprocess_time: '2026-06-01', end_reprocess_time: '2026-06-02' },
  ],
}

interface Schema {
  readonly type?: string | readonly string[]
  readonly format?: string
  readonly enum?: readonly unknown[]
  readonly items?: Schema
  readonly properties?: Record<string, Schema>
  readonly required?: readonly string[]
  readonly additionalProperties?: Schema | boolean
  readonly anyOf?: readonly Schema[]
  readonly minimum?: number
  readonly maximum?: number
}
interface Operation {
  readonly parameters?: readonly { name: string; in: 'path' | 'query'; required?: boolean; schema: Schema }[]
  readonly requestBody?: { content: Record<string, { schema: Schema }> }
  readonly responses: Record<string, unknown>
}

interface Sent {
  readonly path: Record<string, string>
  readonly query: readonly (readonly [string, string])[]
  /** Undefined: none. A text is sent as it is. */
  readonly body: unknown
}

/** Values that have broken services before. */
const NASTY = fc.constantFrom<unknown>(
  null,
  '',
  ' ',
  '\0',
  '\u{1f4a9}',
  '\ud800',
  "' OR 1=1; --",
  '%00',
  '../..',
  'NaN',
  'Infinity',
  '-0',
  '1e400',
  '1e-400',
  '9999-12-31T23:59:59Z',
  '0001-01-01',
  '10000-01-01',
  '2026-06-31',
  '__proto__',
  'constructor',
  'a:b',
  'a:b:c',
  'time-x',
  'ALL',
  -1,
  0,
  1.5,
  2 ** 31,
  2 ** 53,
  1e300,
  true,
  [],
  {},
  [[]],
  { a: { b: { c: [] } } },
  'x'.repeat(300),
  'x'.repeat(5000),
)
const junk = fc.oneof(NASTY, NASTY, fc.string({ unit: 'binary' }), fc.jsonValue({ maxDepth: 3 }), fc.double())

function valid(schema: Schema, name = ''): fc.Arbitrary<unknown> {
  const known = Object.hasOwn(KNOWN, name) ? KNOWN[name] : undefined
  if (known) return fc.constantFrom(...known)
  if (schema.enum) return fc.constantFrom(...schema.enum)
  if (schema.anyOf) return fc.oneof(...schema.anyOf.map((one) => valid(one)))
  const type = typeof schema.type === 'string' ? schema.type : (schema.type?.[0] ?? 'any')
  switch (type) {
    case 'string':
      if (schema.format === 'uuid') return fc.oneof(fc.uuid(), fc.constant(service.service_id))
      if (schema.format === 'decimal')
        return fc.oneof(fc.constantFrom('0.1', 2, '12.5'), fc.integer({ min: -9, max: 99 }))
      if (schema.format === 'date-time') {
        return fc.constantFrom('2026-06-01', '2026-06-10T00:00:00', '2026-06-01T10:00:00Z', '2030-01-01T00:00:00+00:00')
      }
      return fc.constantFrom(
        'A',
        'instance',
        'hashmap',
        'x',
        'flat',
        'small',
        'project_id',
        'k:v',
        '2026-06-01T00:00:00',
      )
    case 'boolean':
      return fc.boolean()
    case 'integer':
    case 'number':
      return fc.integer({ min: Math.max(schema.minimum ?? 0, 0), max: 20 })
    case 'array':
      return fc.array(valid(schema.items ?? {}), { minLength: 1, maxLength: 2 })
    case 'object': {
      const { properties = {}, required = [], additionalProperties } = schema
      const own = Object.fromEntries(Object.entries(properties).map(([name, inner]) => [name, valid(inner, name)]))
      if (Object.keys(own).length > 0) return fc.record(own, { requiredKeys: [...required] })
      const inner = typeof additionalProperties === 'object' ? valid(additionalProperties) : fc.constantFrom('a', 1)
      return fc.dictionary(fc.constantFrom('project_id', 'flavor', 'groupby', 'instance'), inner, { maxKeys: 2 })
    }
    default:
      return fc.constantFrom<unknown>('x', 1, null)
  }
}

const text = (value: unknown): string => (typeof value === 'string' ? value : (JSON.stringify(value) ?? ''))

/** A request as the API document has it. */
function validRequest(operation: Operation, bodies: readonly object[] | undefined): fc.Arbitrary<Sent> {
  const { parameters = [], requestBody } = operation
  const inPath = parameters.filter((parameter) => parameter.in === 'path')
  const inQuery = parameters.filter((parameter) => parameter.in === 'query')
  const schema = Object.values(requestBody?.content ?? {})[0]?.schema
  return fc.record({
    path: fc.record(Object.fromEntries(inPath.map(({ name, schema }) => [name, valid(schema, name).map(text)]))),
    query: fc
      .tuple(
        ...inQuery.map(({ name, required, schema }) => {
          const one = valid(schema, name).map((value): [string, string][] => [
            [name, Array.isArray(value) ? value.map(text).join(',') : text(value)],
          ])
          return required ? one : fc.oneof(fc.constant<[string, string][]>([]), one)
        }),
      )
      .map((lists) => lists.flat()),
    body: bodies ? fc.constantFrom(...bodies) : schema ? valid(schema) : fc.constant(undefined),
  })
}

/** One thing wrong: a value, a name, the number of times, the body's kind or its text. */
function wrongRequest(operation: Operation, bodies: readonly object[] | undefined): fc.Arbitrary<Sent> {
  return validRequest(operation, bodies).chain((sent) =>
    fc.oneof(
      fc
        .record({
          name: fc.constantFrom(...(operation.parameters ?? []).map(({ name }) => name), 'unknown'),
          value: junk,
          again: fc.boolean(),
        })
        .map(({ name, value, again }) => ({
          ...sent,
          path: name in sent.path ? { ...sent.path, [name]: text(value) } : sent.path,
          query:
            name in sent.path
              ? sent.query
              : [
                  ...(again ? sent.query : sent.query.filter(([known]) => known !== name)),
                  [name, text(value)] as const,
                ],
        })),
      fc
        .tuple(junk, fc.nat(), fc.boolean())
        .map(([value, at, drop]) => ({ ...sent, body: broken(sent.body, value, at, drop) })),
      junk.map((body) => ({ ...sent, body })),
      fc
        .oneof(
          fc.string({ unit: 'binary' }),
          fc.constantFrom('{', '[[', '{"a":', '"\\u0000"', '1e999', 'nul', '\ufeff{}'),
        )
        .map((body) => ({ ...sent, body })),
    ),
  )
}

/** The same body with a member replaced, dropped or added, at any depth. */
function broken(body: unknown, value: unknown, at: number, drop: boolean): unknown {
  if (Array.isArray(body))
    return body.map((item, i) => (i === at % body.length ? broken(item, value, Math.floor(at / 3), drop) : item))
  if (body === null || typeof body !== 'object') return value
  const entries = Object.entries(body)
  const index = at % (entries.length + 1)
  if (index === entries.length) return { ...body, unknown: value }
  const [key, member] = entries[index]!
  if (drop) return Object.fromEntries(entries.filter(([name]) => name !== key))
  const deeper = typeof member === 'object' && at % 2 === 0
  return { ...body, [key]: deeper ? broken(member, value, Math.floor(at / 3), drop) : value }
}

async function send(route: Route<never>, path: string, sent: Sent): Promise<Called> {
  const filled = path.replaceAll(/\{(\w+)\*?\}/g, (_, name: string) => encoded(sent.path[name] ?? 'x') || 'x')
  const query = sent.query.map(([name, value]) => `${encoded(name)}=${encoded(value)}`).join('&')
  const body = sent.body === undefined ? '' : text(sent.body)
  return sendRaw(
    listener.port,
    route.method === 'ANY' ? 'GET' : route.method,
    `${filled}${query === '' ? '' : `?${query}`}`,
    {
      body,
      headers: { 'content-type': 'application/json', 'x-project-id': 'A' },
    },
  )
}

/** Also for texts that are no Unicode, which `encodeURIComponent` throws at. */
function encoded(value: string): string {
  return encodeURIComponent(Buffer.from(value).toString())
    .slice(0, 6000)
    .replace(/%[^%]{0,1}$/, '')
}

function expectDocumented(
  route: Route<never>,
  operation: Operation,
  sent: Sent,
  { status, json, text, headers }: Called,
): void {
  const documented = [...Object.keys(operation.responses).map(Number), 400, 401, 403, 404, 405, 413, 415]
  const told = { status, text: text.slice(0, 500) }
  expect(told).toEqual({ ...told, status: expect.toBeOneOf(documented.filter((code) => code < 500)) as number })
  if (route.access !== 'probe') expect(headers.get('x-openstack-request-id')).toMatch(/^req-/)
  if (status >= 400) {
    const shape =
      route.family === 'v1'
        ? { faultcode: 'Client', faultstring: expect.any(String) as string, debuginfo: null }
        : { message: expect.any(String) as string }
    expect(json).toEqual(shape)
    expect(leakIn(text, [...Object.values(sent.path), ...sent.query.flat()])).toBeUndefined()
  } else if (text !== '') {
    const type = headers.get('content-type')?.split(';')[0]
    expect(type).toBeOneOf([...(route.reply.types ?? ['application/json'])])
    // What is no JSON is a text.
    if (type === 'application/json') expect(route.reply.schema?.safeParse(json)).toMatchObject({ success: true })
  }
}

/** What deletes comes last, so that there is something to be found before. */
const CASES = api.routes
  .toSorted((a, b) => Number(a.method === 'DELETE') - Number(b.method === 'DELETE'))
  .flatMap((route) =>
    pathsOf(route).map(
      (path) =>
        [`${route.method} ${path}`, route as Route<never>, path, operationAt(route, path) as Operation] as const,
    ),
  )

test.each(CASES)(
  '%s answers what it documents, whatever is sent',
  async (_name, route, path, operation) => {
    const check = (requests: fc.Arbitrary<Sent>) =>
      fc.assert(
        fc.asyncProperty(requests, async (sent) =>
          expectDocumented(route, operation, sent, await send(route, path, sent)),
        ),
        { numRuns: RUNS, ...SEED, endOnFailure: RUNS > 50 },
      )
    const resource = path.split('/').filter((segment) => !segment.startsWith('{'))
    const bodies = BODIES[`${route.method} ${resource.slice(-2).join('/')}`]
    await check(validRequest(operation, bodies))
    await check(wrongRequest(operation, bodies))
  },
  600_000,
)
