import { expect, test } from 'vitest'
import { z } from 'zod'
import { openApiDocument } from './openapi.ts'
import { defineRoute, type Route } from './route.ts'
import { arg } from './v1-types.ts'
import { field, param } from './v2-types.ts'

const route = defineRoute<unknown>()
const reply = { status: 200, schema: z.unknown() }

interface Operation {
  parameters: { name: string; in: string; required: boolean; schema: object }[]
  requestBody: { content: { 'application/json': { schema: { properties: Record<string, object> } } } }
  responses: object
  security?: object[]
}

function operationOf(one: Route<unknown>, path: string): Operation {
  const document = openApiDocument([one], { title: 'test', version: '1' }) as { paths: Record<string, object> }
  return Object.values(document.paths[path]!)[0] as Operation
}

const PUT_THING = route({
  family: 'v1',
  method: 'PUT',
  path: ['/v1/things/{thing_id}', '/v1/things'],
  policy: null,
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
  const { parameters, requestBody } = operationOf(PUT_THING, '/v1/things/{thing_id}')
  expect(parameters).toContainEqual(
    expect.objectContaining({ name: 'force', required: false, schema: { type: 'boolean', default: false } }),
  )
  expect(requestBody.content['application/json'].schema.properties['inner']).toMatchObject({
    items: { properties: { kind: { type: 'string', enum: ['a', 'b'], default: 'a' } } },
  })
})

test('members that may be null say so', () => {
  const { properties } = operationOf(PUT_THING, '/v1/things').requestBody.content['application/json'].schema
  expect(properties).toMatchObject({
    thing_id: { type: ['string', 'null'], format: 'uuid' },
    cost: { type: ['string', 'number'] },
    type: { type: ['string', 'null'], enum: ['flat', 'rate', null] },
  })
})

test('an id is needed in the path, and not in the query where the body may hold it', () => {
  const required = (path: string) =>
    operationOf(PUT_THING, path).parameters.map((parameter) => [parameter.name, parameter.in, parameter.required])
  expect(required('/v1/things/{thing_id}')).toEqual([
    ['thing_id', 'path', true],
    ['force', 'query', false],
  ])
  expect(required('/v1/things')).toEqual([
    ['thing_id', 'query', false],
    ['force', 'query', false],
  ])
})

test('a route with a body tells what may be wrong with it, and which headers it reads', () => {
  const one = route({
    family: 'v2',
    method: 'POST',
    path: ['/v2/things', '/v2/things/{kind}'],
    policy: null,
    summary: 'Make things',
    pathParameters: { kind: param.text().optional() },
    headers: { 'X-Key': z.string().optional() },
    body: z.strictObject({ names: field.texts() }),
    reply: { status: 204 },
    handle: () => undefined,
  })
  const { parameters, responses } = operationOf(one, '/v2/things/{kind}')
  expect(Object.keys(responses)).toEqual(['204', '400', '401', '413', '415', '500'])
  expect(parameters.map((parameter) => [parameter.name, parameter.in, parameter.required])).toEqual([
    ['kind', 'path', true],
    ['X-Key', 'header', false],
  ])
})

test('what needs no token says so', () => {
  const one = route({
    family: 'root',
    method: 'GET',
    path: '/probe',
    access: 'probe',
    policy: null,
    summary: 'Whether it lives',
    reply,
    errors: [503],
    handle: () => undefined,
  })
  const { security, responses } = operationOf(one, '/probe')
  expect(security).toEqual([])
  expect(Object.keys(responses)).toEqual(['200', '503'])
  expect(operationOf(PUT_THING, '/v1/things').security).toBeUndefined()
})

test('an answer that is not JSON says what it is', () => {
  const one = route({
    family: 'root',
    method: 'GET',
    path: '/counts',
    policy: null,
    summary: 'What it counts',
    reply: { status: 200, schema: z.string(), types: ['text/plain'] },
    handle: () => 'none',
  })
  expect(operationOf(one, '/counts').responses).toMatchObject({
    200: { description: 'What it counts', content: { 'text/plain': { schema: { type: 'string' } } } },
  })
})
