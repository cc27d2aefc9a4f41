import { afterAll, expect, test } from 'vitest'
import { z } from 'zod'
import { defineRoute } from './route.ts'
import { sendJson } from './testing/send-raw.ts'
import { listenForTest, testApp } from './testing/test-app.ts'
import { arg } from './v1-types.ts'

const route = defineRoute<unknown>()
const common = {
  family: 'v1',
  policy: null,
  operationId: 'thing',
  summary: 'A thing',
  reply: { status: 200, schema: z.unknown() },
} as const
const app = testApp(
  [
    route({
      ...common,
      method: 'GET',
      path: ['/v1/things/{thing_id}', '/v1/things'],
      args: { thing_id: arg.text(), tenant: arg.text().optional(), all: arg.bool().default(false) },
      handle: (_deps, { args }) => ({ ...args }),
    }),
    route({
      ...common,
      method: 'PUT',
      path: ['/v1/things/{thing_id}', '/v1/things'],
      args: { thing_id: arg.text() },
      body: z.strictObject({
        thing_id: arg.text().nullish(),
        enabled: arg.bool().default(false),
        list: z.array(z.strictObject({ names: z.record(z.string(), arg.text()) })),
      }),
      bodyName: 'thing_data',
      handle: (_deps, { args, body }) => ({ ...args, enabled: body.enabled }),
    }),
  ],
  {},
)
const listener = await listenForTest(app)
afterAll(() => listener[Symbol.asyncDispose]())

const get = (path: string, body: object) => sendJson(listener.port, 'GET', path, body)

test('an argument that is null in the body of a GET is as good as absent', async () => {
  expect((await get('/v1/things/x', { thing_id: null, tenant: null, all: null })).json).toEqual({
    thing_id: 'x',
    all: false,
  })
  expect(await get('/v1/things', { thing_id: null })).toMatchObject({
    status: 400,
    json: { faultstring: 'Missing argument: "thing_id"' },
  })
  expect(await get('/v1/things/x', { other: null })).toMatchObject({
    status: 400,
    json: { faultstring: 'Unknown argument: "other"' },
  })
})

test('an id that is null in the body of a PUT leaves the one of the path, or is missing', async () => {
  const body = { thing_id: null, list: [] }
  expect(await app.call('PUT', '/v1/things/x', { body })).toMatchObject({ status: 200, json: { thing_id: 'x' } })
  expect(await app.call('PUT', '/v1/things', { body })).toMatchObject({
    status: 400,
    json: { faultstring: 'Missing argument: "thing_id"' },
  })
})

test.each([
  ['True', true],
  ['yes', true],
  ['OFF', false],
  [1, true],
  [0, false],
])('%j in a body is a boolean', async (enabled, wanted) => {
  const answer = await app.call('PUT', '/v1/things/x', { body: { enabled, list: [] } })
  expect(answer).toMatchObject({ status: 200, json: { enabled: wanted } })
})

test.each([['maybe'], [2], [''], [null]])('%j in a body is no boolean', async (enabled) => {
  expect((await app.call('PUT', '/v1/things/x', { body: { enabled, list: [] } })).status).toBe(400)
})

test.each([
  [{}, 'list', 'None', 'Mandatory field missing.'],
  [{ list: null }, 'list', 'None', 'A list is required.'],
  [{ list: { a: 1 } }, 'list', '{"a": 1}', 'A list is required.'],
  [{ list: [1] }, 'list', '1', 'A JSON object is required.'],
  [{ list: [{}] }, 'names', 'None', 'Mandatory field missing.'],
  [{ list: [{ names: 'x' }] }, 'names', 'x', 'A JSON object is required.'],
])('lists and objects in the body are asked for in words of the API: %j', async (body, name, value, reason) => {
  const faultstring = `Invalid input for field/attribute ${name}. Value: '${value}'. ${reason}`
  expect(await app.call('PUT', '/v1/things/x', { body })).toMatchObject({ status: 400, json: { faultstring } })
})

test('well-formed JSON that is not taken is told why', async () => {
  const answer = await app.call('PUT', '/v1/things/x', { body: '{"thing_id": "\\u0000"}' })
  const faultstring = 'Request is not in valid JSON format: a text holds a NUL character'
  expect(answer).toMatchObject({ status: 400, json: { faultstring } })
})

test('who sends JSON as a form, as curl does unless told otherwise, is told so', async () => {
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  const answer = await app.call('PUT', '/v1/things/x', { body: { list: [] }, headers })
  expect(answer).toMatchObject({
    status: 400,
    json: { faultstring: 'Missing argument: "thing_data"; the body must be sent as application/json' },
  })
})
