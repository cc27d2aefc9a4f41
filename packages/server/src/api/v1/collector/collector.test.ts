import { afterAll, expect, test } from 'vitest'
import { listenForTest } from '../../../http/testing/test-app.ts'
import { sendJson } from '../../../http/testing/send-raw.ts'
import { openTestApi } from '../../testing/open-test-api.ts'

const api = await openTestApi()
afterAll(() => api[Symbol.asyncDispose]())

const MAPPINGS = '/v1/collector/mappings'

test('a service is mapped, found, mapped anew and forgotten', async () => {
  expect((await api.call('GET', MAPPINGS)).text).toBe('{"mappings": []}')
  const mapping = { collector: 'gnocchi', service: 'volume.size' }
  const made = await api.call('POST', `${MAPPINGS}/`, { body: mapping })
  expect(made).toMatchObject({ status: 200, text: '{"service": "volume.size", "collector": "gnocchi"}' })
  expect(await api.get(200, 'GET', `${MAPPINGS}/volume.size`)).toEqual(mapping)
  expect(await api.get(200, 'POST', `${MAPPINGS}/prometheus/volume.size`)).toMatchObject({ collector: 'prometheus' })
  expect(await api.get(200, 'POST', `${MAPPINGS}?collector=x&service=y`)).toMatchObject({ service: 'y' })
  expect(await api.get(200, 'GET', `${MAPPINGS}?collector=prometheus`)).toEqual({
    mappings: [{ service: 'volume.size', collector: 'prometheus' }],
  })
  expect(await api.get(200, 'GET', `${MAPPINGS}?collector=`)).toEqual(await api.get(200, 'GET', MAPPINGS))
  expect(await api.call('DELETE', `${MAPPINGS}/volume.size`)).toMatchObject({ status: 204, text: '' })
  expect(await api.get(404, 'DELETE', `${MAPPINGS}/volume.size`)).toEqual({
    faultcode: 'Client',
    faultstring: 'No mapping for service: volume.size',
    debuginfo: null,
  })
})

test('tempest sends a list’s filter and a deletion’s name in JSON bodies', async () => {
  await using listener = await listenForTest(api.app)
  await api.get(200, 'POST', MAPPINGS, { body: { collector: 'gnocchi', service: 'instance' } })
  const filtered = await sendJson(listener.port, 'GET', `${MAPPINGS}/`, { collector: 'gnocchi' })
  expect(filtered.json).toEqual({ mappings: [{ service: 'instance', collector: 'gnocchi' }] })
  expect(await sendJson(listener.port, 'DELETE', `${MAPPINGS}/`, { service: 'instance' })).toMatchObject({
    status: 204,
  })
})

test.each([
  ['GET', `${MAPPINGS}/dns`, undefined, 404, 'No mapping for service: dns'],
  ['GET', `${MAPPINGS}?service=x`, undefined, 400, 'Unknown argument: "service"'],
  ['POST', MAPPINGS, { collector: 'gnocchi' }, 400, 'Missing argument: "service"'],
  ['POST', MAPPINGS, { collector: 'gnocchi', service: 'a', foo: 1 }, 400, 'Unknown argument: "foo"'],
  ['DELETE', MAPPINGS, undefined, 400, 'Missing argument: "service"'],
  ['GET', '/v1/collector/states', undefined, 400, 'Missing argument: "name"'],
  [
    'PUT',
    '/v1/collector/states/x',
    {},
    400,
    "Invalid input for field/attribute enabled. Value: 'None'. Mandatory field missing.",
  ],
])('%s %s %j is refused', async (method, path, body, status, faultstring) => {
  expect(await api.get(status, method, path, { body })).toMatchObject({ faultcode: 'Client', faultstring })
})

test('a collector is off until it is switched on, by any of its addresses', async () => {
  expect(await api.get(200, 'GET', '/v1/collector/states/prometheus')).toEqual({ name: 'prometheus', enabled: false })
  const body = { name: 'prometheus', enabled: true }
  expect((await api.call('PUT', '/v1/collector/states/', { body })).text).toBe(
    '{"name": "prometheus", "enabled": true}',
  )
  for (const path of ['/v1/collector/states?name=prometheus', '/v1/collector/prometheus/states/']) {
    expect(await api.get(200, 'GET', path)).toEqual(body)
  }
  expect(await api.get(200, 'PUT', '/v1/collector/prometheus/states', { body: { enabled: false } })).toEqual({
    name: 'prometheus',
    enabled: false,
  })
})

test('what is no address under collector is 404 or 405 as CloudKitty’s routing has it', async () => {
  expect(await api.call('GET', '/v1/collector')).toMatchObject({ status: 204, text: '' })
  expect(await api.call('GET', '/v1/collector/zzz')).toMatchObject({ status: 404 })
  expect(await api.call('PUT', MAPPINGS, { body: {} })).toMatchObject({ status: 405 })
  expect(await api.call('PATCH', MAPPINGS, { body: {} })).toMatchObject({ status: 405 })
})
