import { expect, test } from 'vitest'
import { ORIGIN } from '../../../http/testing/test-app.ts'
import { NO_SUCH_ID } from '../../testing/open-rules-api.ts'
import { hashmapApi } from '../testing/hashmap-api.ts'
import { HASHMAP } from './objects.ts'

const { api, newService, newField, newGroup } = await hashmapApi()

interface Threshold {
  readonly threshold_id: string
  readonly [key: string]: unknown
}

const create = (body: object) => api.get<Threshold>(201, 'POST', '/thresholds', { cost: '1', level: '50', ...body })
const read = ({ threshold_id }: Threshold) => api.get<Threshold>(200, 'GET', `/thresholds/${threshold_id}`)
const list = async (query: string) =>
  (await api.get<{ thresholds: Threshold[] }>(200, 'GET', `/thresholds${query}`)).thresholds.map(
    (each) => each.threshold_id,
  )

test('a threshold has all its keys, its level with 8 places, and an address', async () => {
  const service_id = await newService()
  const answer = await api.call('POST', '/thresholds', { service_id, level: '50', cost: '0.9', type: 'rate' })
  const threshold = answer.json as Threshold
  expect(answer.status).toBe(201)
  expect(answer.headers.get('location')).toBe(`${ORIGIN}${HASHMAP}/thresholds/${threshold.threshold_id}`)
  expect(Object.entries(threshold)).toEqual([
    ['threshold_id', expect.any(String)],
    ['level', '50.00000000'],
    ['type', 'rate'],
    ['cost', '0.9000000000000000000000000000'],
    ['service_id', service_id],
    ['field_id', null],
    ['group_id', null],
    ['tenant_id', null],
  ])
  expect(await read(threshold)).toEqual(threshold)
  expect(await create({ service_id, level: 0 })).toMatchObject({ level: '0.00000000', type: 'flat' })
})

test.each([
  [{ level: '1' }, 'cost'],
  [{ cost: '1' }, "Invalid input for field/attribute level. Value: 'None'. Mandatory field missing."],
  [{ cost: '1', level: null }, 'level'],
  [{ cost: '1', level: 'high' }, 'level'],
  [
    { cost: '1', level: '1', type: 'fail' },
    "Invalid input for field/attribute type. Value: 'fail'. Value should be one of: ",
  ],
  [{ cost: '1', level: '1', name: 'x' }, 'Unknown attribute'],
  [{ cost: '1', level: '1', group_id: NO_SUCH_ID }, `No such group: None (UUID: ${NO_SUCH_ID})`],
])('%j is no threshold', async (body, text) => {
  expect(await api.fault(400, 'POST', '/thresholds', { service_id: await newService(), ...body })).toContain(text)
})

test('a threshold has exactly one parent, that there is', async () => {
  const body = { cost: 1, level: 1 }
  const both = { ...body, service_id: await newService(), field_id: await newField() }
  expect(await api.fault(400, 'POST', '/thresholds', both)).toBe('You can only specify one parent.')
  expect(await api.fault(400, 'POST', '/thresholds', body)).toBe('You must specify one parent.')
  const nowhere = { ...body, service_id: NO_SUCH_ID }
  expect(await api.fault(400, 'POST', '/thresholds', nowhere)).toBe(`No such service: None (UUID: ${NO_SUCH_ID})`)
  const noField = { ...body, field_id: NO_SUCH_ID }
  expect(await api.fault(400, 'POST', '/thresholds', noField)).toBe(`No such field: ${NO_SUCH_ID}`)
  expect(await api.fault(400, 'POST', '/thresholds?force=true', { ...body, service_id: both.service_id })).toContain(
    'Unknown argument: "force"',
  )
})

test.each([
  ['twice the same', {}, {}, 409],
  ['equal levels written differently', { level: '50' }, { level: '50.00' }, 409],
  ['other levels', { level: '50' }, { level: '51' }, 201],
  ['a tenant and everybody', { tenant_id: 'a' }, {}, 201],
  ['two tenants', { tenant_id: 'a' }, { tenant_id: 'b' }, 201],
  ['the same tenant', { tenant_id: 'a' }, { tenant_id: 'a', type: 'rate' }, 409],
])('of two thresholds of a service, %s: %j and %j gives %i', async (_what, first, second, status) => {
  const service_id = await newService()
  await create({ service_id, ...first })
  await api.get(status, 'POST', '/thresholds', { cost: 1, level: '50', service_id, ...second })
})

test('a group makes a difference to everybody’s thresholds, as in CloudKitty, and to a tenant’s own it does not', async () => {
  const [service_id, group_id] = [await newService(), await newGroup()]
  await create({ service_id })
  await create({ service_id, group_id })
  await create({ service_id, tenant_id: 'a' })
  await api.fault(409, 'POST', '/thresholds', { cost: 1, level: 50, service_id, group_id, tenant_id: 'a' })
})

test('thresholds are listed by parent, group and tenant', async () => {
  const [service_id, field_id, group_id] = [await newService(), await newField(), await newGroup()]
  const plain = await create({ service_id })
  const grouped = await create({ service_id, group_id, level: 60 })
  const own = await create({ service_id, tenant_id: 'a' })
  const ofField = await create({ field_id })
  const ids = (...thresholds: Threshold[]) => thresholds.map((each) => each.threshold_id)
  expect(await list(`?service_id=${service_id}`)).toEqual(ids(plain, grouped, own))
  expect(await list(`?field_id=${field_id}`)).toEqual(ids(ofField))
  expect(await list(`?group_id=${group_id}`)).toEqual(ids(grouped))
  expect(await list(`?service_id=${service_id}&no_group=true`)).toEqual(ids(plain, own))
  expect(await list(`?service_id=${service_id}&filter_tenant=true`)).toEqual(ids(plain, grouped))
  expect(await list(`?service_id=${service_id}&filter_tenant=true&tenant_id=a`)).toEqual(ids(own))
  expect(await list('?service_id=instance')).toEqual([])
  for (const query of ['', '?no_group=true', '?filter_tenant=true', '?service_id=x&is_active=true']) {
    await api.fault(400, 'GET', `/thresholds${query}`)
  }
})

test('a change replaces level, cost, type and tenant; what is left out of the last two is reset', async () => {
  const [service_id, group_id] = [await newService(), await newGroup()]
  const threshold = await create({ service_id, group_id, type: 'rate', tenant_id: 'a' })
  const { threshold_id } = threshold
  const wanted = { threshold_id, level: 60.5, cost: 2 }
  for (let i = 0; i < 3; i++) {
    const answer = await api.call('PUT', '/thresholds/', wanted)
    expect([answer.status, answer.text]).toEqual([302, ''])
    expect(answer.headers.get('location')).toBe(`${ORIGIN}${HASHMAP}/thresholds/`)
  }
  const changed = { ...threshold, level: '60.50000000', cost: `2.${'0'.repeat(28)}`, type: 'flat', tenant_id: null }
  expect(await read(threshold)).toEqual(changed)

  const other = await newGroup()
  await api.get(302, 'PUT', `/thresholds/${threshold_id}`, { ...changed, group_id: other })
  expect(await read(threshold)).toEqual({ ...changed, group_id: other })
  await api.get(302, 'PUT', `/thresholds/${threshold_id}`, { ...changed, group_id: null })
  expect(await read(threshold)).toEqual({ ...changed, group_id: null })
})

test('a change that would make two thresholds one is refused, and so is one to nowhere', async () => {
  const service_id = await newService()
  await create({ service_id, level: 1 })
  const { threshold_id } = await create({ service_id, level: 2 })
  const path = `/thresholds/${threshold_id}`
  await api.fault(409, 'PUT', path, { cost: 1, level: 1 })
  expect(await api.fault(400, 'PUT', path, { cost: 1, level: 2, group_id: NO_SUCH_ID })).toContain('No such group')
  await api.fault(400, 'PUT', path, { cost: 1 })
  await api.fault(400, 'PUT', path, { level: 1 })
  const text = `No such threshold: ${NO_SUCH_ID}`
  expect(await api.fault(404, 'PUT', `/thresholds/${NO_SUCH_ID}`, { cost: 1, level: 1 })).toBe(text)
})

test('a deleted threshold is gone, and its place is free', async () => {
  const service_id = await newService()
  const { threshold_id } = await create({ service_id })
  await api.get(204, 'DELETE', '/thresholds/', { threshold_id })
  await api.fault(404, 'GET', `/thresholds/${threshold_id}`)
  await api.fault(404, 'DELETE', `/thresholds/${threshold_id}`)
  await create({ service_id })
})

test('the group of a threshold, if it has one', async () => {
  const [service_id, group_id] = [await newService(), await newGroup()]
  const { threshold_id } = await create({ service_id, group_id })
  const alone = await create({ service_id })
  for (const path of [`/thresholds/group?threshold_id=${threshold_id}`, `/thresholds/${threshold_id}/group`]) {
    expect(await api.get(200, 'GET', path)).toMatchObject({ group_id })
  }
  await api.fault(404, 'GET', `/thresholds/${alone.threshold_id}/group`)
  await api.fault(400, 'GET', '/thresholds/group')
})
