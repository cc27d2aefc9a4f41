import { expect, test } from 'vitest'
import { listAudit } from '../../../state/audit.ts'
import { NO_SUCH_ID } from '../../testing/open-rules-api.ts'
import { hashmapApi } from '../testing/hashmap-api.ts'

const { api, newService, newField, newGroup } = await hashmapApi('new_version')

const START = api.now
const LATER = new Date('2026-07-01T12:00:00Z')

type Rule = Readonly<Record<string, unknown>>

async function createMapping(body: object): Promise<{ readonly rule: Rule; readonly path: string }> {
  api.now = START
  const rule = await api.get<Rule>(201, 'POST', '/mappings', { cost: '1', ...body })
  api.now = LATER
  return { rule, path: `/mappings/${String(rule['mapping_id'])}` }
}

const read = (path: string) => api.get<Rule>(200, 'GET', path)

test('a changed cost of a running mapping holds from now on, under the same id', async () => {
  const service_id = await newService()
  const { rule, path } = await createMapping({ service_id, description: 'kept' })
  await api.get(302, 'PUT', path, { cost: '2' })
  const changed = { cost: `2.${'0'.repeat(28)}`, start: '2026-07-01T12:00:00', end: null, updated_by: 'somebody' }
  expect(await read(path)).toEqual({ ...rule, ...changed })
  const { mappings } = await api.get<{ mappings: Rule[] }>(200, 'GET', `/mappings?service_id=${service_id}`)
  expect(mappings.map(({ mapping_id }) => mapping_id)).toEqual([rule['mapping_id']])
})

test('clients send back the whole rule, and send it again after a 302: one change, one record', async () => {
  const { rule, path } = await createMapping({ service_id: await newService() })
  const target = String(rule['mapping_id'])
  for (let i = 0; i < 3; i++) {
    api.now = new Date(LATER.getTime() + i)
    await api.get(302, 'PUT', '/mappings/', { ...rule, cost: '0.25' })
  }
  expect(await read(path)).toMatchObject({ start: '2026-07-01T12:00:00' })
  const newest = await listAudit(api.db, { limit: 100 })
  const records = newest.toReversed().filter((record) => record.target === target)
  expect(records.map(({ action }) => action)).toEqual(['create', 'update'])
  expect(records[1]).toMatchObject({
    kind: 'hashmap_mapping',
    before: { cost: '1', start: '2026-06-11T08:30:12.104000' },
    after: { cost: '0.25', start: '2026-07-01T12:00:00' },
  })
})

test('type, value, tenant and group of a running mapping change too, its parent and its start do not', async () => {
  const [field_id, group_id] = [await newField(), await newGroup()]
  const { path } = await createMapping({ field_id, value: 'a' })
  const wanted = { cost: '1', type: 'rate', value: 'b', tenant_id: 't', group_id, name: 'renamed' }
  await api.get(302, 'PUT', path, wanted)
  expect(await read(path)).toMatchObject({ ...wanted, cost: `1.${'0'.repeat(28)}`, field_id })
  await api.get(302, 'PUT', path, { cost: 0, tenant_id: null, group_id: null })
  expect(await read(path)).toMatchObject({ cost: `0.${'0'.repeat(28)}`, tenant_id: null, group_id: null, value: 'b' })

  const refused = (body: object) => api.fault(400, 'PUT', path, { cost: '3', ...body })
  expect(await refused({ field_id: await newField() })).toContain(' field_id ')
  expect(await refused({ service_id: await newService() })).toContain(' service_id ')
  expect(await refused({ start: '2026-06-01' })).toContain('leave it out')
  expect(await refused({ value: '' })).toBe('You must specify a value for a field mapping.')
  expect(await refused({ group_id: NO_SUCH_ID })).toContain('No such group')
  expect(await refused({ end: '2026-06-30' })).toContain('in the past')
})

test('a change that would stand beside another rule is refused', async () => {
  const field_id = await newField()
  await createMapping({ field_id, value: 'a', name: 'first' })
  const { path } = await createMapping({ field_id, value: 'b' })
  expect(await api.fault(409, 'PUT', path, { cost: '1', value: 'a' })).toContain('already exists')
  expect(await api.fault(409, 'PUT', path, { cost: '1', name: 'first' })).toContain('already exists')
  expect(await read(path)).toMatchObject({ value: 'b', start: '2026-06-11T08:30:12.104000' })
})

test('an end and a description alone make no version; what is over is not changed any more', async () => {
  const { rule, path } = await createMapping({ service_id: await newService() })
  await api.get(302, 'PUT', path, { cost: '1', end: '2026-08-01T00:00:00', description: 'until August' })
  expect(await read(path)).toMatchObject({ start: rule['start'], end: '2026-08-01T00:00:00' })
  await api.get(302, 'PUT', path, { cost: '2' })
  expect(await read(path)).toMatchObject({ end: '2026-08-01T00:00:00', description: 'until August' })
  api.now = new Date('2026-08-01T00:00:00Z')
  expect(await api.fault(400, 'PUT', path, { cost: '3' })).toContain('create another one')
  await api.get(302, 'PUT', path, { cost: '2' })
})

test('the time before a change belongs to the former version, also against a rule that is forced into the past', async () => {
  const service_id = await newService()
  const { rule, path } = await createMapping({ service_id })
  await api.get(302, 'PUT', path, { cost: '2' })
  const early = { service_id, cost: '9', start: '2026-06-20', end: '2026-06-21' }
  expect(await api.fault(409, 'POST', '/mappings?force=true', early)).toContain(String(rule['mapping_id']))
  await api.get(204, 'DELETE', path)
  await api.get(201, 'POST', '/mappings?force=true', early)
})

test('a changed threshold is listed once, under its id, and deleted with its former versions', async () => {
  api.now = START
  const service_id = await newService()
  const { threshold_id } = await api.get<Rule>(201, 'POST', '/thresholds', { service_id, level: 1, cost: 1 })
  for (const cost of [2, 3]) {
    api.now = new Date(LATER.getTime() + cost)
    await api.get(302, 'PUT', `/thresholds/${String(threshold_id)}`, { level: 1, cost })
  }
  const list = async () =>
    (await api.get<{ thresholds: Rule[] }>(200, 'GET', `/thresholds?service_id=${service_id}`)).thresholds
  expect(await list()).toMatchObject([{ threshold_id, cost: `3.${'0'.repeat(28)}` }])
  await api.get(204, 'DELETE', `/thresholds/${String(threshold_id)}`)
  expect(await list()).toEqual([])
  await api.get(201, 'POST', '/thresholds', { service_id, level: 1, cost: 1 })
})

test('services and groups are deleted with their rules’ former versions', async () => {
  const [service_id, group_id] = [await newService(), await newGroup()]
  const { path } = await createMapping({ service_id, group_id })
  await api.get(302, 'PUT', path, { cost: '2' })
  await api.get(204, 'DELETE', `/groups/${group_id}`)
  expect(await read(path)).toMatchObject({ group_id: null })
  await api.get(204, 'DELETE', `/services/${service_id}`)
  await api.fault(404, 'GET', path)
})
