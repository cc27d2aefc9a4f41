import { afterAll, expect, test } from 'vitest'
import { listenForTest, ORIGIN } from '../../../http/testing/test-app.ts'
import { sendJson } from '../../../http/testing/send-raw.ts'
import { listAudit } from '../../../state/audit.ts'
import { HASHMAP, openTestApi } from '../../testing/open-test-api.ts'

const api = await openTestApi()
afterAll(() => api[Symbol.asyncDispose]())

const HASHMAP_OBJECT = {
  module_id: 'hashmap',
  description: 'HashMap rating module.',
  enabled: false,
  'hot-config': true,
  priority: 1,
}
const NOOP_OBJECT = {
  module_id: 'noop',
  description: 'Dummy test module.',
  enabled: true,
  'hot-config': false,
  priority: 1,
}

test('the stock modules are listed by name, off until they are switched on, noop always on', async () => {
  const { text, json } = await api.call('GET', '/v1/rating/modules/')
  expect(json).toEqual({
    modules: [
      HASHMAP_OBJECT,
      NOOP_OBJECT,
      { ...HASHMAP_OBJECT, module_id: 'pyscripts', description: 'PyScripts rating module.' },
    ],
  })
  // CloudKitty's own suite looks for this very text.
  expect(text).toContain('"module_id": "hashmap"')
  expect(text).toContain('"description": "HashMap rating module."')
  expect(text).toContain('"description": "PyScripts rating module."')
})

test('the client names the module in the path and in the query', async () => {
  expect(await api.get(200, 'GET', '/v1/rating/modules/hashmap?module_id=hashmap')).toMatchObject(HASHMAP_OBJECT)
  expect(await api.get(404, 'GET', '/v1/rating/modules/nope')).toEqual({
    faultcode: 'Client',
    faultstring: 'Module not found.',
    debuginfo: null,
  })
  await api.get(404, 'GET', '/v1/rating/modules/a/b')
})

test('a module is changed by sending its object back; the answer redirects to itself, and following it is harmless', async () => {
  const path = '/v1/rating/modules/hashmap'
  const body = { module_id: 'hashmap', enabled: true, priority: 50 }
  for (let i = 0; i < 3; i++) {
    const answer = await api.call('PUT', path, { body })
    expect(answer).toMatchObject({ status: 302, text: 'null' })
    expect(answer.headers.get('location')).toBe(`${ORIGIN}${path}`)
  }
  const changed = await api.get(200, 'GET', path)
  expect(changed).toEqual({ ...HASHMAP_OBJECT, enabled: true, priority: 50 })
  await api.get(302, 'PUT', path, { body: { ...changed, enabled: false } })
  await api.get(302, 'PUT', `${path}/`, { body: { module_id: 'ignored', priority: 0 } })
  expect(await api.get(200, 'GET', path)).toEqual({ ...HASHMAP_OBJECT, enabled: false, priority: 1 })
  await api.get(302, 'PUT', '/v1/rating/modules/noop', { body: { module_id: 'noop', enabled: false, priority: 9 } })
  expect(await api.get(200, 'GET', '/v1/rating/modules/noop')).toEqual(NOOP_OBJECT)
})

test.each([
  [{ enabled: true }, "Invalid input for field/attribute module_id. Value: 'None'. Mandatory field missing."],
  [{ module_id: 'hashmap', hot_config: true }, 'Unknown attribute for argument module: hot_config'],
  [{ module_id: 'hashmap', enabled: null }, /attribute enabled/],
  [{ module_id: 'hashmap', priority: null }, /attribute priority/],
  [{ module_id: 'hashmap', priority: 'x' }, /attribute priority/],
])('the module object %j is refused', async (body, message) => {
  const { faultstring } = await api.get(400, 'PUT', '/v1/rating/modules/hashmap', { body })
  expect(faultstring).toEqual(typeof message === 'string' ? message : expect.stringMatching(message))
})

test('an unknown module cannot be changed', async () => {
  await api.get(404, 'PUT', '/v1/rating/modules/nope', { body: { module_id: 'nope' } })
})

test('reloading is a GET', async () => {
  expect(await api.call('GET', '/v1/rating/reload_modules')).toMatchObject({ status: 204, text: '' })
  expect(await api.call('GET', '/v1/rating/reload_modules/')).toMatchObject({ status: 204 })
  await api.get(405, 'POST', '/v1/rating/reload_modules')
})

test('a module without rules is in conflict with any question for them', async () => {
  for (const method of ['GET', 'POST', 'PUT', 'DELETE', 'PATCH']) {
    expect(await api.get(409, method, '/v1/rating/module_config/noop')).toMatchObject({
      faultstring: 'Module is not configurable',
    })
  }
  await api.get(404, 'GET', '/v1/rating/module_config/noop/deeper')
  await api.get(405, 'GET', HASHMAP)
})

test('under the paths of the first CloudKitty a module names the services that it has rules for', async () => {
  expect(await api.get(200, 'GET', '/v1/billing/modules/noop')).toEqual({ ...NOOP_OBJECT, services: [] })
  await api.get(201, 'POST', '/v1/billing/module_config/hashmap/services', { body: { name: 'old.service' } })
  const path = '/v1/billing/modules/hashmap'
  const module = await api.get(200, 'GET', path)
  expect(module).toMatchObject({ module_id: 'hashmap', services: ['old.service'] })
  const { modules } = await api.get<{ modules: object[] }>(200, 'GET', '/v1/billing/modules')
  expect(modules).toContainEqual(module)
  const answer = await api.call('PUT', path, { body: module })
  expect(answer.status).toBe(302)
  expect(answer.headers.get('location')).toBe(`${ORIGIN}${path}`)
})

test('clients that follow the redirect by changing again, thirty times, leave one record of one change', async () => {
  const body = { module_id: 'pyscripts', enabled: true, priority: 7 }
  const records = async () =>
    (await listAudit(api.db, { limit: 1000 })).filter(({ target }) => target === 'pyscripts').length
  const before = await records()
  for (let i = 0; i < 31; i++) await api.get(302, 'PUT', '/v1/rating/modules/pyscripts', { body })
  expect(await records()).toBe(before + 1)
  await api.get(302, 'PUT', '/v1/rating/modules/pyscripts', { body: { ...body, enabled: false, priority: 1 } })
})

test('a module that is on in state but no part of this service is shown, and can be switched off', async () => {
  await api.modules.set('tiered', { enabled: true, priority: 3 }, { who: 'test' })
  expect(await api.get(200, 'GET', '/v1/rating/modules/tiered')).toMatchObject({ enabled: true, priority: 3 })
  const quote = await api.call('POST', '/v1/rating/quote', { body: { resources: [] } })
  expect(quote.status).toBe(500)
  expect(quote.text).toContain('The usage cannot be priced at the moment.')
  await api.get(302, 'PUT', '/v1/rating/modules/tiered', { body: { module_id: 'tiered', enabled: false } })
  await api.get(404, 'GET', '/v1/rating/modules/tiered')
  await api.get(200, 'POST', '/v1/rating/quote', { body: { resources: [] } })
})

test('a quote of a service or a value that no rule is for says so in a header, and its text stays as it was', async () => {
  await using quoted = await openTestApi()
  const quote = async (service: string, flavor: string) => {
    const resource = { service, desc: { flavor }, volume: '2' }
    const { text, headers } = await quoted.call('POST', '/v1/rating/quote', { body: { resources: [resource] } })
    return [text, headers.get('warning')]
  }
  expect(await quote('instance', 'm1')).toEqual(['"0"', expect.stringMatching(/^199 cloudtabby "no rating module/)])
  await quoted.get(302, 'PUT', '/v1/rating/modules/hashmap', { body: { module_id: 'hashmap', enabled: true } })
  const service = await quoted.get(201, 'POST', `${HASHMAP}/services/`, { body: { name: 'instance' } })
  const fieldBody = { service_id: service['service_id'], name: 'flavor' }
  const field = await quoted.get(201, 'POST', `${HASHMAP}/fields/`, { body: fieldBody })
  const mapping = { field_id: field['field_id'], value: 'm1', cost: '0', type: 'flat' }
  await quoted.get(201, 'POST', `${HASHMAP}/mappings/`, { body: mapping })
  // Free on purpose.
  expect(await quote('instance', 'm1')).toEqual(['"0"', null])
  expect(await quote('instance', 'm2')).toEqual(['"0"', expect.stringContaining("(flavor = 'm2')")])
  expect(await quote('instances', 'm1')).toEqual([
    '"0"',
    expect.stringContaining('hashmap has no service named instances'),
  ])
})

test('a quote is the exact sum of what the rules in force make of the resources', async () => {
  await using quoted = await openTestApi()
  // Rules that are made within a second are seen in the same instant.
  quoted.now += 0.3
  const quote = (base: string, ...resources: object[]) => quoted.call('POST', `${base}/quote`, { body: { resources } })
  const instance = { service: 'instance', volume: 2, desc: { metadata: { flavor_id: 'b1f0c2' } } }
  expect((await quote('/v1/rating', instance)).text).toBe('"0"')

  await quoted.get(302, 'PUT', '/v1/rating/modules/hashmap', { body: { module_id: 'hashmap', enabled: true } })
  const service = await quoted.get(201, 'POST', `${HASHMAP}/services/`, { body: { name: 'instance' } })
  const fieldBody = { name: 'flavor_id', service_id: service['service_id'] }
  const field = await quoted.get(201, 'POST', `${HASHMAP}/fields/`, { body: fieldBody })
  const mapping = { field_id: field['field_id'], value: 'b1f0c2', type: 'flat', cost: '0.42' }
  await quoted.get(201, 'POST', `${HASHMAP}/mappings/`, { body: mapping })

  expect((await quote('/v1/rating', instance)).text).toBe('"0.84"')
  expect((await quote('/v1/billing', instance, instance)).text).toBe('"1.68"')
  // The dashboard sends flat keys, with others that no rule knows.
  const flat = {
    service: 'instance',
    volume: '1',
    desc: { flavor_id: 'b1f0c2', vcpus: 2, disk: 0.5, source_val: null },
  }
  expect((await quote('/v1/rating', flat)).text).toBe('"0.42"')
  const explicit = { ...flat, desc: { flavor_id: 'b1f0c2', metadata: { flavor_id: 'other' } } }
  expect((await quote('/v1/rating', explicit)).text).toBe('"0"')
  const other = { ...instance, desc: { groupby: { flavor_id: 'b1f0c2' } } }
  expect((await quote('/v1/rating', other)).text).toBe('"0.84"')
})

test('a quote reads numbers as rating does', async () => {
  await using quoted = await openTestApi()
  await quoted.get(302, 'PUT', '/v1/rating/modules/hashmap', { body: { module_id: 'hashmap', enabled: true } })
  const service = await quoted.get(201, 'POST', `${HASHMAP}/services/`, { body: { name: 'instance' } })
  const fieldBody = { name: 'vcpus', service_id: service['service_id'] }
  const field = await quoted.get(201, 'POST', `${HASHMAP}/fields/`, { body: fieldBody })
  const texts = { '8': '1', '8.0': '10', None: '100', '1e-05': '1000', '12345678901234567890': '10000', True: '2' }
  for (const [value, cost] of Object.entries(texts)) {
    const body = { field_id: field['field_id'], value, type: 'flat', cost }
    await quoted.get(201, 'POST', `${HASHMAP}/mappings/`, { body })
  }
  const quote = async (vcpus: string) => {
    const resource = `{"service": "instance", "volume": 1.0, "desc": {"metadata": {"vcpus": ${vcpus}}}}`
    return (await quoted.call('POST', '/v1/rating/quote', { body: `{"resources": [${resource}]}` })).json
  }
  const literals = ['8', '8.0', '"8.0"', '8.00', 'null', '0.00001', '1E-5', '12345678901234567890', 'true']
  expect(await Promise.all(literals.map(quote))).toEqual(['1', '10', '10', '10', '100', '1000', '1000', '10000', '2'])
})

test.each([
  [{}],
  [{ resources: null }],
  [{ resources: [{ service: 'a', desc: {} }] }],
  [{ resources: [{ service: 'a', volume: 1 }] }],
  [{ resources: [{ desc: {}, volume: 1 }] }],
  [{ resources: [{ service: 'a', desc: {}, volume: 'NaN' }] }],
  [{ resources: [{ service: 'a', desc: { x: [1] }, volume: 1 }] }],
  [{ resources: [{ service: 'a', desc: {}, volume: 1, foo: 1 }] }],
  [{ resources: [1] }],
])('the quote %j is refused', async (body) => {
  const answer = await api.get(400, 'POST', '/v1/rating/quote', { body })
  expect(answer).toEqual({ faultcode: 'Client', faultstring: expect.any(String), debuginfo: null })
})

test('an empty quote costs nothing', async () => {
  await using listener = await listenForTest(api.app)
  const answer = await sendJson(listener.port, 'POST', '/v1/rating/quote/', { resources: [] })
  expect(answer).toMatchObject({ status: 200, text: '"0"' })
})
