import { createHash } from 'node:crypto'
import { afterAll, expect, test } from 'vitest'
import { ORIGIN } from '../../../http/testing/test-app.ts'
import { NO_SUCH_ID, openRulesApi } from '../../testing/open-rules-api.ts'
import { pyscriptsRoutes } from './routes.ts'
import { SCRIPTS } from './script-object.ts'

const api = await openRulesApi(pyscriptsRoutes('refuse'), SCRIPTS)
afterAll(() => api[Symbol.asyncDispose]())

const ADDRESS = `${ORIGIN}${SCRIPTS}`
const NOW = '2026-06-11T08:30:12.104000'

interface Script {
  readonly script_id: string
  readonly [key: string]: unknown
}

let count = 0
const create = (body: object = {}, query = '') =>
  api.get<Script>(201, 'POST', query, { name: `script-${++count}`, data: 'pass', ...body })
const read = ({ script_id }: Script) => api.get<Script>(200, 'GET', `/${script_id}`)
const list = async (query: string) => (await api.get<{ scripts: Script[] }>(200, 'GET', query)).scripts

test('a script has all its keys, a checksum of its bytes, and an address', async () => {
  const data = "for t in data['usage'].values():\n    pass  # ☂\n"
  const body = { name: 'night-discount', data, start: null, end: null, description: null }
  const answer = await api.call('POST', '/', body)
  const script = answer.json as Script
  expect(answer.status).toBe(201)
  expect(answer.headers.get('location')).toBe(`${ADDRESS}/${script.script_id}`)
  expect(Object.entries(script)).toEqual([
    ['script_id', expect.any(String)],
    ['name', 'night-discount'],
    ['data', data],
    ['checksum', createHash('sha512').update(Buffer.from(data)).digest('hex')],
    ['created_at', NOW],
    ['start', NOW],
    ['end', null],
    ['description', null],
    ['deleted', null],
    ['created_by', 'somebody'],
    ['updated_by', null],
    ['deleted_by', null],
  ])
  expect(await read(script)).toEqual(script)
  const conflict = await api.fault(409, 'POST', '', { name: 'night-discount', data: '' })
  expect(conflict).toBe(`Script night-discount already exists (UUID: ${script.script_id})`)
})

test('a script without data is empty', async () => {
  expect(await api.get(201, 'POST', '', { name: 'empty' })).toMatchObject({ data: '' })
})

test.each([
  [{ data: 'x' }],
  [{ name: null }],
  [{ name: '' }],
  [{ name: 'x', data: null }],
  [{ name: 'x', data: 5 }],
  [{ name: 'x', checksum: 'abc' }],
  [{ name: 'x', start: '2020-01-01' }],
  [{ name: 'x', start: '2030-01-02', end: '2030-01-01' }],
  [{ name: 'x', end: '2020-01-01' }],
  [{ name: 'x', priority: 1 }],
])('%j is no script', async (body) => {
  await api.fault(400, 'POST', '', body)
})

test('scripts are listed with or without data, by dates, people and words', async () => {
  const plain = await create({ description: 'Weekend' })
  const later = await create({ start: '2030-01-01' })
  const past = await create({ start: '2020-01-01', end: '2020-02-01' }, '?force=true')
  const gone = await create()
  await api.get(204, 'DELETE', `/${gone.script_id}`)
  const ids = (scripts: readonly Script[]) => scripts.map((script) => script.script_id)

  expect(await list('')).toEqual(expect.arrayContaining([plain, later, past]))
  expect(ids(await list(''))).not.toContain(gone.script_id)
  expect(ids(await list('?deleted=true'))).toContain(gone.script_id)
  expect(ids(await list('?description=weekEND'))).toEqual([plain.script_id])
  expect(ids(await list('?start=2029-01-01'))).toEqual([later.script_id])
  expect(ids(await list('?end=2021-01-01'))).toEqual([past.script_id])
  const active = ids(await list('?is_active=true'))
  expect([plain, later, past].map((script) => active.includes(script.script_id))).toEqual([true, false, false])
  const { data: _data, ...rest } = plain
  expect(await list('?no_data=True&description=weekend')).toEqual([rest])
  await api.fault(400, 'GET', '?name=x')
})

test('a running script gets an end, once; the request may be repeated', async () => {
  const script = await create({ data: 'a = 1' })
  const { script_id, name } = script
  const running =
    /^You are allowed to update only the attribute \[end\] as this rule is already running as it started on \[2026-06-11 08:30:12\.104000\]$/
  expect(await api.fault(400, 'PUT', `/${script_id}`, { name, data: 'a = 2' })).toMatch(running)
  expect(await api.fault(400, 'PUT', `/${script_id}`, { name: 'other' })).toMatch(running)
  await api.fault(400, 'PUT', `/${script_id}`, { name, end: '2020-01-01' })

  const wanted = { name, script_id, end: '3000-01-01T23:59:59', data: 'a = 1' }
  const changed = { ...script, end: '3000-01-01T23:59:59', updated_by: 'somebody' }
  for (let i = 0; i < 3; i++) {
    const answer = await api.call('PUT', `/${script_id}`, wanted)
    expect([answer.status, answer.json]).toEqual([201, changed])
    expect(answer.headers.get('location')).toBe(`${ADDRESS}/${script_id}`)
  }
  const inBody = await api.call('PUT', '', wanted)
  expect([inBody.status, inBody.headers.get('location')]).toEqual([201, `${ADDRESS}/${script_id}`])
  const text = await api.fault(400, 'PUT', `/${script_id}`, { ...wanted, end: '3000-01-02' })
  expect(text).toBe('Cannot update a rule that was already processed and has a defined end date.')
})

test('a script that has not started can change its data, dates and description, and not its name', async () => {
  const script = await create({ start: '2030-01-01', end: '2031-01-01', description: 'old' })
  const { script_id, name } = script
  const next = await api.get<Script>(201, 'PUT', `/${script_id}`, { name, data: 'b = 2' })
  expect(next).toMatchObject({ data: 'b = 2', start: '2030-01-01T00:00:00', end: null, description: null })
  expect(next['checksum']).toBe(createHash('sha512').update('b = 2').digest('hex'))
  expect(await api.get(201, 'PUT', `/${script_id}`, { name, description: 'd' })).toMatchObject({ data: 'b = 2' })
  expect(await api.fault(400, 'PUT', `/${script_id}`, { name: 'other' })).toContain('name')
  await api.fault(400, 'PUT', `/${script_id}`, { name, start: '2020-01-01' })
  await api.fault(400, 'PUT', `/${script_id}`, { name, checksum: 'x' })
  await api.fault(400, 'PUT', `/${script_id}`, { data: 'x' })
})

test('a deleted script is gone for reading, and its name is free', async () => {
  const script = await create({ name: 'again' })
  await api.get(204, 'DELETE', `/${script.script_id}`)
  const text = `No such script: None (UUID: ${script.script_id})`
  expect(await api.fault(404, 'GET', `/${script.script_id}`)).toBe(text)
  expect(await api.fault(404, 'DELETE', `/${script.script_id}`)).toBe(text)
  expect(await api.fault(404, 'PUT', `/${script.script_id}`, { name: 'again' })).toBe(text)
  await create({ name: 'again' })
})

test('an unknown script is not found, and a wrong path is no operation', async () => {
  expect(await api.fault(404, 'GET', `/${NO_SUCH_ID}`)).toBe(`No such script: None (UUID: ${NO_SUCH_ID})`)
  expect(await api.fault(404, 'GET', '/no-uuid')).toBe('No such script: None (UUID: no-uuid)')
})
