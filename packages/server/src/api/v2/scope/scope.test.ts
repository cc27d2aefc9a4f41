import { afterAll, beforeAll, expect, test } from 'vitest'
import { at, openTestApi } from '../../testing/open-test-api.ts'

const api = await openTestApi()
afterAll(() => api[Symbol.asyncDispose]())

const A = '7a7e5183264644a7a79530eb56e59941'
const NAMES = { scopeKey: 'project_id', fetcher: 'keystone', collector: 'gnocchi' }
const TESTER = { who: 'tester' }
const T = '2026-06-11T07:00:00+00:00'
const ROW = {
  scope_id: A,
  scope_key: 'project_id',
  fetcher: 'keystone',
  collector: 'gnocchi',
  last_processed_timestamp: T,
  active: true,
  scope_activation_toggle_date: '2026-06-11T08:30:00+00:00',
  state: T,
}
type Rows = { results: { scope_id: string; last_processed_timestamp: string | null; active: boolean }[] }
const list = async (query = '') => (await api.get<Rows>(200, 'GET', `/v2/scope${query}`)).results
const NOTHING = { message: 'No resource found for provided filters.' }

beforeAll(async () => {
  expect(await api.get(404, 'GET', '/v2/scope')).toEqual(NOTHING)
  const scope = { ...NAMES, active: true, lastProcessed: at(T) }
  await api.scopes.create({ ...scope, scopeId: A }, 3600, api.now, TESTER)
  await api.scopes.create({ ...scope, scopeId: 'b', collector: 'prometheus' }, 3600, api.now, TESTER)
  await api.scopes.create({ ...scope, scopeId: 'off', active: false }, 3600, api.now, TESTER)
  await api.scopes.create({ ...scope, scopeId: 'twin' }, 3600, api.now, TESTER)
  await api.scopes.create({ ...scope, scopeId: 'twin', fetcher: 'source' }, 3600, api.now, TESTER)
  await api.scopes.see(['fresh'], NAMES, api.now, at('2026-06-01T00:00:00Z'))
})

test('scopes are listed in order of creation, inactive ones too, with the timestamp under both its names', async () => {
  expect((await list()).map((row) => row.scope_id)).toEqual([A, 'b', 'off', 'twin', 'twin', 'fresh'])
  expect(await list('?scope_key=project_id&active=1&limit=1')).toEqual([ROW])
  expect((await list('?scope_id=fresh'))[0]).toMatchObject({ last_processed_timestamp: null, state: null })
})

test.each([
  [`?scope_id=${A},b`, [A, 'b']],
  ['?active=0', ['off']],
  ['?active=0,1&collector=prometheus', ['b']],
  ['?fetcher=source', ['twin']],
  ['?offset=4', ['twin', 'fresh']],
  ['?offset=1&limit=2', ['b', 'off']],
])('scopes are narrowed by %s', async (query, ids) => {
  expect((await list(query)).map((row) => row.scope_id)).toEqual(ids)
})

test('nothing found is 404, also behind the end', async () => {
  expect(await api.get(404, 'GET', '/v2/scope?scope_id=nope')).toEqual(NOTHING)
  expect(await api.get(404, 'GET', '/v2/scope?offset=100')).toEqual(NOTHING)
})

test.each([
  ['GET', '?active=true', undefined, /expected int/],
  ['GET', '?state=x', undefined, /extra keys not allowed/],
  ['GET', '?limit=0', undefined, /value must be at least 1/],
  ['PUT', '', { last_processed_timestamp: T }, /^Either all_scopes or a scope_id should be specified\.$/],
  ['PUT', '', { all_scopes: false, last_processed_timestamp: T }, /^Either all_scopes or a scope_id/],
  [
    'PUT',
    '',
    { all_scopes: true, scope_id: 'a', last_processed_timestamp: T },
    /two or more values in the same group of exclusion/,
  ],
  ['PUT', '', { scope_id: 'b' }, /last_processed_timestamp/],
  ['PUT', '', { scope_id: 'b', last_processed_timestamp: 'zz' }, /not a valid value/],
  ['PUT', '', { scope_id: '\0', last_processed_timestamp: '2026-06-01' }, /Invalid data '...' : a text holds a NUL/],
  ['PUT', '', { scope_id: 'b', last_processed_timestamp: T, state: '2026-01-01' }, /differ/],
  ['PUT', '', { scope_id: 'b', last_processed_timestamp: T, foo: 1 }, /extra keys not allowed/],
  ['PUT', '', { scope_id: null, last_processed_timestamp: T }, /expected a list/],
  ['PATCH', '', { active: true }, /required key not provided \(path: 'scope_id'\)/],
  ['PATCH', '', { scope_id: 'b', last_processed_timestamp: T }, /extra keys not allowed/],
  ['PATCH', '', { scope_id: 'b', active: null }, /expected boolean/],
  ['PATCH', '', { scope_id: null }, /expected str/],
  ['PATCH', '', { scope_id: 'b', fetcher: 'x'.repeat(41) }, /at most 40/],
  ['POST', '', { scope_id: 'new' }, /last_processed_timestamp/],
  ['POST', '', { last_processed_timestamp: T }, /required key not provided/],
  ['POST', '', { scope_id: '', last_processed_timestamp: T }, /length of value/],
  ['POST', '', [], /expected a dictionary/],
])('%s %s %j is refused', async (method, query, body, message) => {
  expect(await api.get(400, method, `/v2/scope${query}`, { body })).toEqual({ message: expect.stringMatching(message) })
})

test('a reset moves active scopes back, by either name of the timestamp', async () => {
  const when = '2026-06-01T00:00:00+00:00'
  const body = { scope_id: [A], last_processed_timestamp: '2026-06-01T00:00:00Z' }
  expect(await api.get(202, 'PUT', '/v2/scope', { body })).toEqual({})
  expect((await list(`?scope_id=${A}`))[0]).toMatchObject({ last_processed_timestamp: when, state: when })
  const client = { state: '2026-06-02T00:00:00+00:00', all_scopes: true, collector: 'prometheus' }
  expect(await api.get(202, 'PUT', '/v2/scope', { body: client })).toEqual({})
  expect((await list('?scope_id=b'))[0]).toMatchObject({ state: client.state })
  const texts = { scope_id: 'twin,off', all_scopes: undefined, state: client.state }
  expect(await api.get(202, 'PUT', '/v2/scope', { body: texts })).toEqual({})
  expect((await list('?scope_id=off'))[0]).toMatchObject({ state: T })
  expect((await list('?scope_id=twin')).map((row) => row.last_processed_timestamp)).toEqual([
    client.state,
    client.state,
  ])
  const inactive = { scope_id: 'off', state: client.state }
  expect(await api.get(404, 'PUT', '/v2/scope', { body: inactive })).toEqual(NOTHING)
})

test('a reset to what is not kept any more is refused', async () => {
  api.retention = 48
  try {
    const reset = (state: string) => ({ body: { scope_id: A, state } })
    expect(await api.get(400, 'PUT', '/v2/scope', reset('2026-06-08T23:00:00'))).toEqual({
      message:
        'last_processed_timestamp 2026-06-08T23:00:00+00:00 is before 2026-06-09T00:00:00+00:00: what is older is not kept ([storage] retention_period).',
    })
    await api.get(202, 'PUT', '/v2/scope', reset('2026-06-09T00:00:00'))
  } finally {
    api.retention = undefined
  }
})

test('all scopes are reset, however many there are', async () => {
  const many = Array.from({ length: 150 }, (_, i) => `many-${i}`)
  await api.scopes.see(many, { ...NAMES, collector: 'crowd' }, api.now, at(T))
  const body = { all_scopes: 'Yes', collector: 'crowd', last_processed_timestamp: '2026-06-03' }
  await api.get(202, 'PUT', '/v2/scope', { body })
  const rows = await list('?collector=crowd&limit=1000')
  expect(rows.filter((row) => row.last_processed_timestamp === '2026-06-03T00:00:00+00:00')).toHaveLength(150)
})

test('a patch stamps each change of activity, and leaves alone what it does not name', async () => {
  const before = (await list('?scope_id=off'))[0]!
  api.now = at('2026-06-11T08:40:00Z')
  const on = await api.get(200, 'PATCH', '/v2/scope', { body: { scope_id: 'off', active: 'TRUE', fetcher: '' } })
  expect(on).toEqual({ ...before, active: true, scope_activation_toggle_date: '2026-06-11T08:40:00+00:00' })
  api.now = at('2026-06-11T08:50:00Z')
  const same = await api.get(200, 'PATCH', '/v2/scope', { body: { scope_id: ['off'], active: 1, collector: 'moved' } })
  expect(same).toEqual({ ...on, collector: 'moved' })
  expect(await api.get(404, 'PATCH', '/v2/scope', { body: { scope_id: 'nope' } })).toEqual(NOTHING)
  expect(await api.get(404, 'PATCH', '/v2/scope', { body: { scope_id: 'twin', active: false } })).toEqual({
    message: expect.stringMatching(/Too many/),
  })
})

test('a scope is made once, with the configured names where the request has none', async () => {
  const body = {
    scope_id: 'new1',
    scope_key: 'project_id',
    fetcher: 'keystone',
    collector: 'gnocchi',
    last_processed_timestamp: '20260601T000000Z',
  }
  const made = await api.get(200, 'POST', '/v2/scope', { body })
  expect(made).toMatchObject({ scope_id: 'new1', last_processed_timestamp: '2026-06-01T00:00:00+00:00', active: true })
  await api.get(404, 'POST', '/v2/scope', { body })
  const bare = { scope_id: 'new2', last_processed_timestamp: T, active: false }
  expect(await api.get(200, 'POST', '/v2/scope', { body: bare })).toMatchObject({
    scope_key: 'project_id',
    fetcher: 'keystone',
    collector: 'gnocchi',
    active: false,
  })
  // Inactive or not, there is one already.
  await api.get(404, 'POST', '/v2/scope', { body: bare })
  await api.get(200, 'GET', '/v2/scope?limit=1000')
})
