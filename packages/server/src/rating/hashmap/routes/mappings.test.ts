import { expect, test } from 'vitest'
import { ORIGIN } from '../../../http/testing/test-app.ts'
import { NO_SUCH_ID } from '../../testing/open-rules-api.ts'
import { hashmapApi } from '../testing/hashmap-api.ts'
import { HASHMAP } from './objects.ts'

const { api, newService, newField, newGroup } = await hashmapApi()

const START = api.now

interface Mapping {
  readonly mapping_id: string
  readonly [key: string]: unknown
}

const create = (body: object, query = '') => api.get<Mapping>(201, 'POST', `/mappings${query}`, { cost: '1', ...body })
const read = ({ mapping_id }: Mapping) => api.get<Mapping>(200, 'GET', `/mappings/${mapping_id}`)
const list = async (query: string) =>
  (await api.get<{ mappings: Mapping[] }>(200, 'GET', `/mappings${query}`)).mappings.map((each) => each.mapping_id)

const RUNNING =
  'You are allowed to update only the attribute [end] as this rule is already running as it started on [2026-06-11 08:30:12.104000]'
const ENDED = 'Cannot update a rule that was already processed and has a defined end date.'

test('a mapping has all its keys, its cost with 28 places, and an address', async () => {
  const field_id = await newField()
  const answer = await api.call('POST', '/mappings', { field_id, value: 'm1.small', type: 'flat', cost: '0.125' })
  const mapping = answer.json as Mapping
  expect(answer.status).toBe(201)
  expect(answer.headers.get('location')).toBe(`${ORIGIN}${HASHMAP}/mappings/${mapping.mapping_id}`)
  expect(Object.entries(mapping)).toEqual([
    ['mapping_id', expect.any(String)],
    ['value', 'm1.small'],
    ['type', 'flat'],
    ['cost', '0.1250000000000000000000000000'],
    ['service_id', null],
    ['field_id', field_id],
    ['group_id', null],
    ['tenant_id', null],
    ['created_at', '2026-06-11T08:30:12.104000'],
    ['start', '2026-06-11T08:30:12.104000'],
    ['end', null],
    ['name', expect.stringMatching(/^[0-9a-f]{32}$/)],
    ['description', null],
    ['deleted', null],
    ['created_by', 'somebody'],
    ['updated_by', null],
    ['deleted_by', null],
  ])
  expect(await read(mapping)).toEqual(mapping)
})

test('what the server sets, and what clients send for it, are two things', async () => {
  const sent = { mapping_id: NO_SUCH_ID, created_at: '2020-01-01', created_by: 'x', updated_by: 'x', deleted_by: 'x' }
  const mapping = await create({ service_id: await newService(), ...sent, deleted: '2020-01-01T00:00:00' })
  expect(mapping).toMatchObject({
    created_by: 'somebody',
    updated_by: null,
    deleted: null,
    deleted_by: null,
    value: '',
  })
  expect(mapping.mapping_id).not.toBe(NO_SUCH_ID)
})

test('a number’s literal counts, not its double; long costs are kept', async () => {
  const service_id = await newService()
  const answer = await api.call('POST', '/mappings', `{"service_id": "${service_id}", "cost": 0.1}`)
  expect((answer.json as Mapping)['cost']).toBe('0.1000000000000000000000000000')
  const long = '-123456789012.1234567890123456789012345678'
  expect(await create({ service_id: await newService(), cost: long })).toMatchObject({ cost: long })
  expect(await create({ service_id: await newService(), cost: 0 })).toMatchObject({ cost: `0.${'0'.repeat(28)}` })
})

test.each([
  [{ cost: null }],
  [{ cost: 'NaN' }],
  [{ cost: 'Infinity' }],
  [{ cost: 'cheap' }],
  [{ cost: '1000000000000' }],
  [{ cost: 1, type: 'fail' }],
  [{ cost: 1, type: null }],
  [{ cost: 1, map_type: 'flat' }],
  [{ cost: 1, name: 'x'.repeat(33) }],
  [{ cost: 1, description: 'x'.repeat(257) }],
  [{ cost: 1, tenant_id: 'x'.repeat(256) }],
  [{ cost: 1, group_id: '' }],
  [{ cost: 1, start: 'zz' }],
  [{ cost: 1, start: '2026-02-30' }],
  [{ cost: 1, end: 'soon' }],
  [{}],
])('%j is no mapping', async (body) => {
  await api.fault(400, 'POST', '/mappings', { service_id: await newService(), ...body })
})

test('the known texts of refused mappings', async () => {
  const [service_id, field_id] = [await newService(), await newField()]
  const refused = (body: object) => api.fault(400, 'POST', '/mappings', { cost: 1, ...body })
  expect(await refused({ service_id, type: 'fail' })).toMatch(
    /^Invalid input for field\/attribute type\. Value: 'fail'\. Value should be one of: /,
  )
  expect(await refused({ service_id, field_id })).toBe('You can only specify one parent.')
  expect(await refused({})).toBe('You must specify one parent.')
  expect(await refused({ field_id })).toBe('You must specify a value for a field mapping.')
  expect(await refused({ field_id, value: '' })).toBe('You must specify a value for a field mapping.')
  expect(await refused({ service_id, value: 'x' })).toContain('value')
  expect(await refused({ service_id: NO_SUCH_ID })).toBe(`No such service: None (UUID: ${NO_SUCH_ID})`)
  expect(await refused({ field_id: NO_SUCH_ID, value: 'x' })).toBe(`No such field: ${NO_SUCH_ID}`)
  expect(await refused({ service_id, group_id: NO_SUCH_ID })).toBe(`No such group: None (UUID: ${NO_SUCH_ID})`)
})

test('a start in the past must be forced, and an end may not come before the start', async () => {
  const service_id = await newService()
  const start = '2026-06-11T08:30:12'
  await api.fault(400, 'POST', '/mappings', { service_id, cost: 1, start })
  await api.fault(400, 'POST', '/mappings?force=false', { service_id, cost: 1, start })
  await api.fault(400, 'POST', '/mappings', { service_id, cost: 1, start: '2030-01-02', end: '2030-01-01' })
  await api.fault(400, 'POST', '/mappings', { service_id, cost: 1, end: '2026-06-10' })
  const early = { service_id, cost: 1, start, end: '2026-06-11T09:00:00+02:00' }
  await api.fault(400, 'POST', '/mappings?force=true', early)
  expect(await create({ service_id, start }, '?force=true')).toMatchObject({ start })
})

test('dates are UTC whatever their offset, and a bare end means that day’s last second', async () => {
  const dates = { start: '2030-01-01T02:00:00+02:00', end: '2030-01-31' }
  const mapping = await create({ service_id: await newService(), ...dates })
  expect(mapping).toMatchObject({ start: '2030-01-01T00:00:00', end: '2030-01-31T23:59:59' })
  const equal = { start: '2030-01-01 00:00:00.123456', end: '2030-01-01T00:00:00.123456' }
  expect(await create({ service_id: await newService(), ...equal })).toMatchObject({ start: equal.end, end: equal.end })
})

test('a name is taken until its mapping is deleted', async () => {
  const mapping = await create({ service_id: await newService(), name: 'taken' })
  const other = { service_id: await newService(), name: 'taken' }
  expect(await api.fault(409, 'POST', '/mappings', { cost: 1, ...other })).toContain(mapping.mapping_id)
  await api.get(204, 'DELETE', `/mappings/${mapping.mapping_id}`)
  await create(other)
})

test.each([
  ['open and open', {}, {}, 409],
  ['a bounded one that still runs when an open one starts', { end: '2026-12-31' }, { start: '2026-12-01' }, 409],
  ['one after the other', { end: '2026-12-31T00:00:00' }, { start: '2026-12-31T00:00:00' }, 201],
  ['one before the other', { start: '2026-12-31T00:00:00' }, { end: '2026-12-31T00:00:00' }, 201],
  ['an empty and a null value', { value: '' }, { value: null }, 409],
  ['another tenant', { tenant_id: 'a' }, { tenant_id: 'b' }, 201],
  ['a tenant and nobody', { tenant_id: 'a' }, {}, 201],
  ['the same tenant', { tenant_id: 'a' }, { tenant_id: 'a', type: 'rate' }, 409],
])('of two mappings of a service, %s: %j and %j gives %i', async (_what, first, second, status) => {
  const service_id = await newService()
  await create({ service_id, ...first })
  await api.get(status, 'POST', '/mappings', { cost: 1, service_id, ...second })
})

test('mappings of one field differ by value and group', async () => {
  const [field_id, group_id] = [await newField(), await newGroup()]
  await create({ field_id, value: 'a' })
  await create({ field_id, value: 'b' })
  await create({ field_id, value: 'a', group_id })
  const message = await api.fault(409, 'POST', '/mappings', { cost: 1, field_id, value: 'a', group_id })
  expect(message).toContain(field_id)
})

test('mappings are listed by parent, group, tenant, dates, people and words', async () => {
  const [service_id, field_id, group_id] = [await newService(), await newField(), await newGroup()]
  const plain = await create({ service_id, description: 'One Hundred %' })
  const grouped = await create({ service_id, group_id, tenant_id: 'a', end: '2027-01-01' })
  const later = await create({ field_id, value: 'x', start: '2028-01-01' })
  const ended = await create({ service_id, start: '2020-01-01', end: '2020-02-01' }, '?force=true')
  const gone = await create({ field_id, value: 'gone' })
  await api.get(204, 'DELETE', `/mappings/${gone.mapping_id}`)
  const ids = (...mappings: Mapping[]) => mappings.map((mapping) => mapping.mapping_id)

  expect(await list(`?service_id=${service_id}`)).toEqual(ids(plain, grouped, ended))
  expect(await list(`?service_id=${service_id}&field_id=${field_id}`)).toEqual(ids(plain, grouped, ended))
  expect(await list(`?field_id=${field_id}`)).toEqual(ids(later))
  expect(await list(`?field_id=${field_id}&deleted=true`)).toEqual(ids(later, gone))
  expect(await list(`?field_id=${field_id}&deleted=false`)).toEqual(ids(later))
  expect(await list(`?group_id=${group_id}&no_group=true`)).toEqual(ids(grouped))
  expect(await list(`?service_id=${service_id}&no_group=true`)).toEqual(ids(plain, ended))
  expect(await list(`?service_id=${service_id}&filter_tenant=True`)).toEqual(ids(plain, ended))
  expect(await list(`?service_id=${service_id}&filter_tenant=true&tenant_id=a`)).toEqual(ids(grouped))
  expect(await list(`?service_id=${service_id}&tenant_id=a`)).toEqual(ids(plain, grouped, ended))
  expect(await list(`?service_id=${service_id}&is_active=true`)).toEqual(ids(plain, grouped))
  expect(await list(`?service_id=${service_id}&is_active=false`)).toEqual(ids(plain, grouped, ended))
  expect(await list(`?field_id=${field_id}&is_active=true&deleted=true`)).toEqual([])
  expect(await list(`?field_id=${field_id}&start=2027-01-01`)).toEqual(ids(later))
  expect(await list(`?service_id=${service_id}&end=2026-01-01`)).toEqual(ids(ended))
  expect(await list(`?service_id=${service_id}&description=hundred%20%25`)).toEqual(ids(plain))
  expect(await list(`?service_id=${service_id}&description=h_ndred`)).toEqual([])
  expect(await list(`?service_id=${service_id}&created_by=nobody`)).toEqual([])
  const empty = 'created_by=&updated_by=&deleted_by=&description=&start=&end='
  expect(await list(`?service_id=${service_id}&${empty}`)).toEqual(await list(`?service_id=${service_id}`))
  expect(await list(`?field_id=${field_id}&deleted_by=somebody&deleted=1`)).toEqual(ids(gone))
  expect(await list(`?service_id=${service_id}&updated_by=somebody`)).toEqual([])
  expect(await list('?service_id=instance')).toEqual([])
  expect(await list(`?service_id=${NO_SUCH_ID}`)).toEqual([])
  expect(await list('')).toEqual(expect.arrayContaining(ids(plain, grouped, later, ended)))
  for (const path of [`/services/${service_id}/mappings`, `/services/mappings/?service_id=${service_id}`]) {
    const { mappings } = await api.get<{ mappings: Mapping[] }>(200, 'GET', path)
    expect(ids(...mappings)).toEqual(ids(plain, grouped, ended))
  }
})

test.each(['?all=false', '?name=x', '?is_active=perhaps', '?start=zz', '?service_id=x&colour=red'])(
  'GET /mappings%s is refused',
  async (query) => {
    await api.fault(400, 'GET', `/mappings${query}`)
  },
)

test('a deleted mapping can still be read, but not deleted again', async () => {
  const mapping = await create({ service_id: await newService() })
  await api.get(204, 'DELETE', '/mappings/', { mapping_id: mapping.mapping_id })
  expect(await read(mapping)).toEqual({ ...mapping, deleted: '2026-06-11T08:30:12.104000', deleted_by: 'somebody' })
  const text = `No such mapping: ${mapping.mapping_id}`
  expect(await api.fault(404, 'DELETE', `/mappings/${mapping.mapping_id}`)).toBe(text)
  expect(await api.fault(404, 'PUT', `/mappings/${mapping.mapping_id}`, { cost: 0 })).toBe(text)
})

test('the group of a mapping, if it has one', async () => {
  const [service_id, group_id] = [await newService(), await newGroup()]
  const grouped = await create({ service_id, group_id })
  const alone = await create({ service_id })
  for (const path of [`/mappings/group?mapping_id=${grouped.mapping_id}`, `/mappings/${grouped.mapping_id}/group`]) {
    expect(await api.get(200, 'GET', path)).toMatchObject({ group_id })
  }
  await api.fault(404, 'GET', `/mappings/group?mapping_id=${alone.mapping_id}`)
  await api.fault(404, 'GET', `/mappings/group?mapping_id=${NO_SUCH_ID}`)
  await api.fault(400, 'GET', '/mappings/group')
})

test('a running mapping gets an end, once; the request may be repeated, as clients do after a 302', async () => {
  const mapping = await create({ field_id: await newField(), value: 'm1.small', type: 'rate', cost: '0.5' })
  const { mapping_id } = mapping
  expect(await api.fault(400, 'PUT', '/mappings/', { mapping_id, cost: 0, value: 'm1.large' })).toBe(RUNNING)
  expect(await api.fault(400, 'PUT', '/mappings/', { mapping_id, cost: '0.6' })).toBe(RUNNING)
  expect(await api.fault(400, 'PUT', '/mappings/', { mapping_id, cost: 0, type: 'flat' })).toBe(RUNNING)
  expect(await api.fault(400, 'PUT', '/mappings/', { mapping_id, cost: 0, start: '2027-01-01' })).toBe(RUNNING)
  await api.fault(400, 'PUT', '/mappings/', { mapping_id, cost: 0, end: '2026-06-01' })

  const wanted = { mapping_id, cost: 0, end: '3000-01-01T23:59:59' }
  for (let i = 0; i < 3; i++) {
    const answer = await api.call('PUT', '/mappings/', wanted)
    expect([answer.status, answer.text, answer.headers.get('content-type')]).toEqual([302, '', null])
    expect(answer.headers.get('location')).toBe(`${ORIGIN}${HASHMAP}/mappings/`)
  }
  expect(await read(mapping)).toEqual({ ...mapping, end: '3000-01-01T23:59:59', updated_by: 'somebody' })
  expect(await api.fault(400, 'PUT', '/mappings/', { ...wanted, end: '3000-01-02' })).toBe(ENDED)
  expect(await api.fault(400, 'PUT', '/mappings/', { ...wanted, value: 'm1.large' })).toBe(ENDED)
  expect(await api.fault(400, 'PUT', `/mappings/${mapping_id}`, { cost: 0 })).toBe(ENDED)
})

test('a client that sends back the whole running mapping with an end is understood', async () => {
  const [field_id, group_id] = [await newField(), await newGroup()]
  const mapping = await create({ field_id, group_id, value: 'x', type: 'rate', description: 'd', tenant_id: 't' })
  await api.get(302, 'PUT', '/mappings/', { ...mapping, end: '2030-01-01' })
  await api.get(302, 'PUT', '/mappings/', { ...mapping, end: '2030-01-01' })
  expect(await read(mapping)).toMatchObject({ end: '2030-01-01T23:59:59' })
})

test('a mapping that has not started can change its cost, dates and description, and nothing else', async () => {
  const group_id = await newGroup()
  const body = {
    field_id: await newField(),
    group_id,
    value: 'x',
    start: '2030-01-01',
    end: '2031-01-01',
    name: 'future',
  }
  const mapping = await create({ ...body, description: 'old' })
  const path = `/mappings/${mapping.mapping_id}`
  const answer = await api.call('PUT', `${path}?`, {
    cost: '2',
    start: '2030-02-01',
    end: '2030-03-01',
    description: 'new',
  })
  expect([answer.status, answer.headers.get('location')]).toEqual([302, `${ORIGIN}${HASHMAP}${path}`])
  const changed = { cost: `2.${'0'.repeat(28)}`, start: '2030-02-01T00:00:00', end: '2030-03-01T23:59:59' }
  expect(await read(mapping)).toEqual({ ...mapping, ...changed, description: 'new', updated_by: 'somebody' })

  await api.get(302, 'PUT', path, { cost: '3' })
  const emptied = { start: '2030-02-01T00:00:00', end: null, description: null }
  expect(await read(mapping)).toMatchObject({ ...emptied, cost: `3.${'0'.repeat(28)}` })

  const others = { value: 'y', type: 'rate', tenant_id: 't', name: 'other', group_id: await newGroup() }
  for (const [key, value] of Object.entries(others)) {
    expect(await api.fault(400, 'PUT', path, { cost: 3, [key]: value })).toContain(` ${key} `)
  }
  await api.get(302, 'PUT', path, { ...(await read(mapping)), description: 'echo' })
  await api.fault(400, 'PUT', path, { cost: 3, start: '2026-01-01' })
  await api.fault(400, 'PUT', path, { cost: 3, end: '2029-01-01' })
  await api.fault(400, 'PUT', path, { start: '2030-02-01' })
})

test('a mapping is running from its very start on', async () => {
  const mapping = await create({ service_id: await newService(), start: '2026-06-11T09:00:00' })
  const path = `/mappings/${mapping.mapping_id}`
  await api.get(302, 'PUT', path, { cost: '2' })
  api.now = new Date('2026-06-11T09:00:00Z')
  const text = await api.fault(400, 'PUT', path, { cost: '3' })
  expect(text).toMatch(/ as it started on \[2026-06-11 09:00:00\]$/)
  api.now = START
})

test('an unknown mapping cannot be changed', async () => {
  expect(await api.fault(404, 'PUT', `/mappings/${NO_SUCH_ID}`, { cost: 1 })).toBe(`No such mapping: ${NO_SUCH_ID}`)
  expect(await api.fault(400, 'PUT', '/mappings/', { cost: 1 })).toBe('Missing argument: "mapping_id"')
})
