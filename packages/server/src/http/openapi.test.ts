import { expect, test } from 'vitest'
import { z } from 'zod'
import { openApiDocument } from './openapi.ts'
import { defineRoute, type Route } from './route.ts'
import { arg } from './v1-types.ts'
import { field, param } from './v2-types.ts'

const route = defineRoute<unknown>()
const reply = { status: 200, schema: z.unknown() }
const GET_THINGS = {
  family: 'v2',
  method: 'GET',
  path: '/v2/things',
  policy: null,
  operationId: 'listThings',
  summary: 'Things',
  reply,
  handle: () => undefined as never,
} as const

interface Operation {
  parameters: {
    name: string
    in: string
    required?: boolean
    schema: object
    description?: string
    example?: unknown
  }[]
  requestBody: { content: { 'application/json': { schema: object } } }
  responses: object
  security?: object[]
}
interface Document {
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, { properties: Record<string, object> }>; responses: Record<string, object> }
}

const INFO = {
  title: 'test',
  version: '1',
  summary: 'A test',
  description: '',
  license: { name: 'Apache License 2.0', identifier: 'Apache-2.0' },
  servers: [],
  tags: {},
}

function documentOf(...routes: Route<unknown>[]): Document {
  return openApiDocument(routes, INFO) as Document
}

function operationOf(one: Route<unknown>, path: string): Operation {
  return Object.values(documentOf(one).paths[path]!)[0]!
}

const PUT_THING = route({
  family: 'v1',
  method: 'PUT',
  path: ['/v1/things/{thing_id}', '/v1/things'],
  policy: null,
  operationId: 'putThing',
  summary: 'Change a thing',
  args: { thing_id: arg.uuid(), force: arg.bool().default(false) },
  body: z.strictObject({
    thing_id: arg.uuid().nullish(),
    cost: arg.decimal(),
    type: arg.oneOf(['flat', 'rate']).nullish(),
    inner: z.array(z.strictObject({ kind: arg.oneOf(['a', 'b']).default('a') })).optional(),
  }),
  bodyName: 'thing',
  reply,
  handle: () => undefined,
})

test('defaults are told, of parameters and of members at any depth', () => {
  expect(operationOf(PUT_THING, '/v1/things/{thing_id}').parameters).toContainEqual({
    name: 'force',
    in: 'query',
    schema: { type: 'boolean', default: false },
  })
  expect(documentOf(PUT_THING).components.schemas['PutThingBody']!.properties['inner']).toMatchObject({
    items: { properties: { kind: { type: 'string', enum: ['a', 'b'], default: 'a' } } },
  })
})

test('a body is a component that is called after its operation; members that may be null say so', () => {
  const { requestBody } = operationOf(PUT_THING, '/v1/things/{thing_id}')
  expect(requestBody.content['application/json'].schema).toEqual({ $ref: '#/components/schemas/PutThingBody' })
  expect(documentOf(PUT_THING).components.schemas['PutThingBody']!.properties).toMatchObject({
    thing_id: { anyOf: [{ type: 'string', format: 'uuid' }, { type: 'null' }] },
    cost: { type: ['string', 'number'], format: 'decimal' },
    type: { anyOf: [{ type: 'string', enum: ['flat', 'rate'] }, { type: 'null' }] },
  })
})

test('a route is one operation, at its first path, and names the others', () => {
  const { paths } = documentOf(PUT_THING)
  expect(Object.keys(paths)).toEqual(['/v1/things/{thing_id}'])
  expect(paths['/v1/things/{thing_id}']!['put']).toMatchObject({
    operationId: 'putThing',
    tags: ['v1 things'],
    'x-other-paths': ['/v1/things'],
    parameters: [
      { name: 'thing_id', in: 'path', required: true },
      { name: 'force', in: 'query' },
    ],
  })
})

test('a route that repeats another one is left out, and no two operations have one name', () => {
  expect(Object.keys(documentOf(PUT_THING, { ...PUT_THING, documented: false, path: '/v1/old' }).paths)).toHaveLength(1)
  expect(() => documentOf(PUT_THING, { ...PUT_THING, path: '/v1/old' })).toThrow('two operations are called putThing')
})

test('a schema with a name stands among the components once, however often it is used', () => {
  const Thing = z.strictObject({ name: z.string() }).meta({ id: 'Thing' })
  const get = route({
    ...GET_THINGS,
    operationId: 'getThing',
    path: '/v2/thing',
    reply: { status: 200, schema: Thing },
  })
  const list = route({ ...GET_THINGS, reply: { status: 200, schema: z.array(Thing) } })
  const { paths, components } = documentOf(get, list)
  const $ref = '#/components/schemas/Thing'
  const content = (schema: object) => ({ 200: { content: { 'application/json': { schema } } } })
  expect(paths['/v2/thing']!['get']!.responses).toMatchObject(content({ $ref }))
  expect(paths['/v2/things']!['get']!.responses).toMatchObject(content({ type: 'array', items: { $ref } }))
  expect(components.schemas['Thing']).toEqual({
    type: 'object',
    properties: { name: { type: 'string' } },
    required: ['name'],
    additionalProperties: false,
  })
})

test('two schemas of one name are refused', () => {
  const one = z.strictObject({ a: z.string() }).meta({ id: 'Twice' })
  const other = z.strictObject({ b: z.string() }).meta({ id: 'Twice' })
  const get = route({ ...GET_THINGS, operationId: 'getThing', path: '/v2/thing', reply: { status: 200, schema: one } })
  const list = route({ ...GET_THINGS, reply: { status: 200, schema: other } })
  expect(() => documentOf(get, list)).toThrow(/the id Twice/)
})

test('what a parameter is for, and an example, stand at the parameter', () => {
  const one = route({ ...GET_THINGS, query: { at: param.datetime().optional().describe('When.') } })
  expect(operationOf(one, '/v2/things').parameters).toEqual([
    {
      name: 'at',
      in: 'query',
      description: 'When.',
      schema: { type: 'string', format: 'date-time' },
      example: '2026-06-01T00:00:00Z',
    },
  ])
})

test('a route with a body tells what may be wrong with it, and which headers it reads', () => {
  const one = route({
    family: 'v2',
    method: 'POST',
    path: ['/v2/things', '/v2/things/{kind}'],
    policy: null,
    operationId: 'createThings',
    summary: 'Make things',
    pathParameters: { kind: param.text().optional() },
    headers: { 'X-Key': z.string().optional() },
    body: z.strictObject({ names: field.texts() }),
    reply: { status: 204 },
    handle: () => undefined,
  })
  const { parameters, responses } = operationOf(one, '/v2/things')
  expect(Object.keys(responses)).toEqual(['204', '400', '401', '413', '415', '429', '500', '503'])
  expect(parameters.map((parameter) => [parameter.name, parameter.in, parameter.required])).toEqual([
    ['X-Key', 'header', undefined],
  ])
})

test('what needs no token says so', () => {
  const one = route({
    family: 'root',
    method: 'GET',
    path: '/probe',
    access: 'probe',
    policy: null,
    operationId: 'getProbe',
    summary: 'Whether it lives',
    reply,
    errors: [503],
    handle: () => undefined,
  })
  const { security, responses } = operationOf(one, '/probe')
  expect(security).toEqual([])
  expect(Object.keys(responses)).toEqual(['200', '431', '503'])
  expect(operationOf(PUT_THING, '/v1/things/{thing_id}').security).toBeUndefined()
})

test('an answer that is not JSON says what it is', () => {
  const one = route({
    family: 'root',
    method: 'GET',
    path: '/counts',
    policy: null,
    operationId: 'getCounts',
    summary: 'What it counts',
    reply: { status: 200, schema: z.string(), types: ['text/plain'] },
    handle: () => 'none',
  })
  expect(operationOf(one, '/counts').responses).toMatchObject({
    200: { description: 'What it counts', content: { 'text/plain': { schema: { type: 'string' } } } },
  })
})
