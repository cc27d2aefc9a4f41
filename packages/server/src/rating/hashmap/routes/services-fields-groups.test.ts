import { expect, test } from 'vitest'
import { ORIGIN } from '../../../http/testing/test-app.ts'
import { NO_SUCH_ID } from '../../testing/open-rules-api.ts'
import { hashmapApi } from '../testing/hashmap-api.ts'
import { HASHMAP } from './objects.ts'

const { api, newService, newField, newGroup } = await hashmapApi()

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/

interface Created {
  service_id: string
  field_id: string
  group_id: string
  mapping_id: string
  threshold_id: string
}

const newMapping = async (body: object) =>
  (await api.get<Created>(201, 'POST', '/mappings', { cost: 1, ...body })).mapping_id
const newThreshold = async (body: object) =>
  (await api.get<Created>(201, 'POST', '/thresholds', { cost: 1, level: 1, ...body })).threshold_id

test('the rule types are told in a fixed order', async () => {
  expect(await api.get(200, 'GET', '/types')).toEqual(['flat', 'rate'])
  expect(await api.get(200, 'GET', '/types/')).toEqual(['flat', 'rate'])
})

test.each([
  ['PUT', '/services'],
  ['PUT', '/fields'],
  ['PUT', '/groups'],
  ['POST', '/types'],
  ['GET', ''],
])('%s %s is no operation', async (method, path) => {
  const answer = await api.call(method, path)
  expect(answer.status).toBe(405)
})

test('a path that goes on below an operation is not found', async () => {
  expect((await api.call('GET', `/groups/mappings/${NO_SUCH_ID}`)).status).toBe(404)
})

test('a service is created, read, listed and deleted', async () => {
  const answer = await api.call('POST', '/services/', { name: 'instance', service_id: NO_SUCH_ID })
  expect(answer.status).toBe(201)
  const service = answer.json as Created
  expect(service).toEqual({ service_id: expect.stringMatching(UUID) as string, name: 'instance' })
  expect(service.service_id).not.toBe(NO_SUCH_ID)
  expect(answer.headers.get('location')).toBe(`${ORIGIN}${HASHMAP}/services/${service.service_id}`)
  expect(await api.get(200, 'GET', `/services/${service.service_id}`)).toEqual(service)
  expect(await api.get<{ services: unknown[] }>(200, 'GET', '/services')).toEqual({ services: [service] })

  const conflict = await api.fault(409, 'POST', '/services', { name: 'instance' })
  expect(conflict).toBe(`Service instance already exists (UUID: ${service.service_id})`)

  const deleted = await api.call('DELETE', '/services/', { service_id: service.service_id })
  expect([deleted.status, deleted.text, deleted.headers.get('content-type')]).toEqual([204, '', null])
  const gone = `No such service: None (UUID: ${service.service_id})`
  expect(await api.fault(404, 'DELETE', `/services/${service.service_id}`)).toBe(gone)
  expect(await api.fault(404, 'GET', `/services/${service.service_id}`)).toBe(gone)
  expect(await api.get(200, 'GET', '/services/')).toEqual({ services: [] })
  await api.get(201, 'POST', '/services', { name: 'instance' })
})

test('deleting a service deletes its fields and all their rules, and only those', async () => {
  const [service, other] = [await newService(), await newService()]
  const field = await newField({ service_id: service })
  const mappings = [await newMapping({ service_id: service }), await newMapping({ field_id: field, value: 'x' })]
  const thresholds = [await newThreshold({ service_id: service }), await newThreshold({ field_id: field })]
  const left = await newMapping({ service_id: other })
  await api.get(204, 'DELETE', `/services/${service}`)
  await api.fault(404, 'GET', `/fields/${field}`)
  for (const id of mappings) expect(await api.fault(404, 'GET', `/mappings/${id}`)).toBe(`No such mapping: ${id}`)
  for (const id of thresholds) await api.fault(404, 'GET', `/thresholds/${id}`)
  const { mappings: listed } = await api.get<{ mappings: Created[] }>(200, 'GET', '/mappings?deleted=true')
  expect(listed.map((mapping) => mapping.mapping_id)).toEqual([left])
})

test.each([
  ['/services', {}, 'Mandatory field missing.'],
  ['/services', { name: '' }, 'empty'],
  ['/services', { name: null }, 'name'],
  ['/services', { name: 5 }, 'name'],
  ['/services', { name: 'x'.repeat(256) }, 'name'],
  ['/services', { name: 'x', color: 'red' }, 'Unknown attribute for argument service_data: color'],
  ['/fields', { name: 'x' }, 'service_id'],
  ['/fields', { service_id: NO_SUCH_ID }, 'name'],
  ['/fields', { name: 'x', service_id: 'zz' }, 'Invalid UUID'],
  ['/fields', { name: 'x', service_id: NO_SUCH_ID }, `No such service: None (UUID: ${NO_SUCH_ID})`],
  ['/groups', {}, 'name'],
])('POST %s %j is refused', async (path, body, text) => {
  expect(await api.fault(400, 'POST', path, body)).toContain(text)
})

test.each(['/services?name=x', '/groups?recursive=true', '/fields', '/groups/mappings', '/groups/thresholds'])(
  'GET %s is refused',
  async (path) => {
    await api.fault(400, 'GET', path)
  },
)

test.each(['/services', '/fields', '/groups', '/mappings', '/thresholds'])('DELETE %s needs an id', async (path) => {
  expect(await api.fault(400, 'DELETE', path)).toContain('Missing argument')
})

test.each([
  ['/services', (id: string) => `No such service: None (UUID: ${id})`],
  ['/fields', (id: string) => `No such field: ${id}`],
  ['/groups', (id: string) => `No such group: None (UUID: ${id})`],
  ['/mappings', (id: string) => `No such mapping: ${id}`],
  ['/thresholds', (id: string) => `No such threshold: ${id}`],
])('%s of an id that names nothing, or is none, is not found', async (path, text) => {
  for (const id of [NO_SUCH_ID, 'no-uuid']) {
    expect(await api.fault(404, 'GET', `${path}/${id}`)).toBe(text(id))
    expect(await api.fault(404, 'DELETE', `${path}/${id}`)).toBe(text(id))
  }
})

test('a field is created, read, listed and deleted with its rules', async () => {
  const service = await newService()
  const answer = await api.call('POST', '/fields', { name: 'flavor', service_id: service })
  const field = answer.json as Created
  expect([answer.status, field]).toEqual([
    201,
    { field_id: expect.stringMatching(UUID) as string, name: 'flavor', service_id: service },
  ])
  expect(answer.headers.get('location')).toBe(`${ORIGIN}${HASHMAP}/fields/${field.field_id}`)
  expect(await api.get(200, 'GET', `/fields/${field.field_id}`)).toEqual(field)
  const paths = [
    `/fields/?service_id=${service}`,
    `/services/${service}/fields`,
    `/services/fields?service_id=${service}`,
  ]
  for (const path of paths) expect(await api.get(200, 'GET', path)).toEqual({ fields: [field] })

  const conflict = await api.fault(409, 'POST', '/fields', { name: 'flavor', service_id: service })
  expect(conflict).toBe(`Field flavor already exists (UUID: ${field.field_id})`)
  await newField({ name: 'flavor' })

  const mapping = await newMapping({ field_id: field.field_id, value: 'small' })
  await api.get(204, 'DELETE', `/fields?field_id=${field.field_id}`)
  await api.fault(404, 'GET', `/mappings/${mapping}`)
  expect(await api.get(200, 'GET', `/services/${service}/fields`)).toEqual({ fields: [] })
})

test('fields of a service that is named instead of identified are none: the dashboard asks so', async () => {
  expect(await api.get(200, 'GET', '/fields/?service_id=instance')).toEqual({ fields: [] })
})

test('a group is created, read, listed and refused twice', async () => {
  const answer = await api.call('POST', '/groups', { name: 'uptime' })
  const group = answer.json as Created
  expect([answer.status, group]).toEqual([201, { group_id: expect.stringMatching(UUID) as string, name: 'uptime' }])
  expect(answer.headers.get('location')).toBe(`${ORIGIN}${HASHMAP}/groups/${group.group_id}`)
  expect(await api.get(200, 'GET', `/groups/${group.group_id}`)).toEqual(group)
  expect((await api.get<{ groups: unknown[] }>(200, 'GET', '/groups')).groups).toContainEqual(group)
  const conflict = await api.fault(409, 'POST', '/groups', { name: 'uptime' })
  expect(conflict).toBe(`Group uptime already exists (UUID: ${group.group_id})`)
})

test('members of a deleted group stay, in no group', async () => {
  const [service, group] = [await newService(), await newGroup()]
  const mapping = await newMapping({ service_id: service, group_id: group })
  const threshold = await newThreshold({ service_id: service, group_id: group })
  await api.get(204, 'DELETE', '/groups/', { group_id: group, recursive: false })
  expect(await api.get(200, 'GET', `/mappings/${mapping}`)).toMatchObject({ group_id: null })
  expect(await api.get(200, 'GET', `/thresholds/${threshold}`)).toMatchObject({ group_id: null })
  await api.fault(404, 'GET', `/groups/${group}`)
})

test('members of a group that is deleted recursively are gone, also those that were deleted before', async () => {
  const [service, group] = [await newService(), await newGroup()]
  const mapping = await newMapping({ service_id: service, group_id: group })
  const threshold = await newThreshold({ service_id: service, group_id: group })
  await api.get(204, 'DELETE', `/mappings/${mapping}`)
  await api.get(200, 'GET', `/mappings/${mapping}`)
  await api.get(204, 'DELETE', `/groups/${group}?recursive=true`)
  await api.fault(404, 'GET', `/mappings/${mapping}`)
  await api.fault(404, 'GET', `/thresholds/${threshold}`)
})

test('the members of a group are listed under all its addresses', async () => {
  const [service, group] = [await newService(), await newGroup()]
  const mapping = await newMapping({ service_id: service, group_id: group })
  const threshold = await newThreshold({ service_id: service, group_id: group })
  await newThreshold({ service_id: service, level: 2 })
  for (const path of [`/groups/mappings?group_id=${group}`, `/groups/${group}/mappings`]) {
    const { mappings } = await api.get<{ mappings: Created[] }>(200, 'GET', path)
    expect(mappings.map((each) => each.mapping_id)).toEqual([mapping])
  }
  for (const path of [`/groups/thresholds/?group_id=${group}`, `/groups/${group}/thresholds`]) {
    const { thresholds } = await api.get<{ thresholds: Created[] }>(200, 'GET', path)
    expect(thresholds.map((each) => each.threshold_id)).toEqual([threshold])
  }
  expect(await api.get(200, 'GET', `/groups/mappings?group_id=${NO_SUCH_ID}`)).toEqual({ mappings: [] })
  expect(await api.get(200, 'GET', '/groups/thresholds?group_id=none')).toEqual({ thresholds: [] })
})
