import { afterAll, beforeAll, expect, test } from 'vitest'
import { at, openTestApi } from '../../testing/open-test-api.ts'

const api = await openTestApi()
afterAll(() => api[Symbol.asyncDispose]())

const A = '7a7e5183264644a7a79530eb56e59941'
const PATH = '/v2/task/reprocesses'
const TESTER = { who: 'tester' }
const TASK = {
  scope_ids: [A],
  reason: 'wrong flavor price',
  start_reprocess_time: '2026-06-01T00:00:00+00:00',
  end_reprocess_time: '2026-06-03T00:00:00+00:00',
}
type Tasks = { results: { scope_id: string; reason: string }[] }
const list = async (query = '') => (await api.get<Tasks>(200, 'GET', `${PATH}${query}`)).results

beforeAll(async () => {
  expect(await list()).toEqual([])
  const scope = {
    scopeKey: 'project_id',
    fetcher: 'keystone',
    collector: 'gnocchi',
    lastProcessed: at('2026-06-10T00:00:00Z'),
  }
  for (const scopeId of [A, 'b', 'c'])
    await api.scopes.create({ ...scope, scopeId, active: true }, 3600, api.now, TESTER)
  await api.scopes.create({ ...scope, scopeId: 'off', active: false }, 3600, api.now, TESTER)
})

test.each([
  ['ALL with others', { scope_ids: ['ALL', A] }, /ALL/],
  ['no scope', { scope_ids: [] }, /scope_ids/],
  ['a blank reason', { reason: ' ' }, /reason/],
  ['an end before its start', { end_reprocess_time: '2026-05-01' }, /before/],
  ['an unaligned start', { start_reprocess_time: '2026-06-01T00:30:00' }, /2026-06-01T00:00:00\+00:00 would be/],
  ['an unaligned end', { end_reprocess_time: '2026-06-03T00:30:00' }, /2026-06-03T01:00:00\+00:00 would be/],
  ['an unknown scope', { scope_ids: `${A},nope` }, /nope/],
  ['an inactive scope', { scope_ids: ['off'] }, /off/],
  ['an end that is not rated yet', { end_reprocess_time: '2026-06-10T01:00:00' }, /is rated up to 2026-06-10/],
  ['null', { scope_ids: null }, /expected a list/],
  ['a number', { scope_ids: 5 }, /expected a list/],
  ['an unknown key', { foo: 1 }, /extra keys not allowed/],
  ['a missing key', { reason: undefined }, /required key not provided/],
])('%s is refused', async (_what, change, message) => {
  const body = { ...TASK, ...change }
  expect(await api.get(400, 'POST', PATH, { body })).toEqual({ message: expect.stringMatching(message) })
  expect(await list()).toEqual([])
})

test('a task is scheduled for each scope, listed newest first, and overlaps with no other', async () => {
  expect(await api.get(202, 'POST', PATH, { body: TASK })).toEqual({})
  const shown = {
    scope_id: A,
    reason: 'wrong flavor price',
    start_reprocess_time: '2026-06-01T00:00:00',
    end_reprocess_time: '2026-06-03T00:00:00',
    current_reprocess_time: '',
  }
  expect(await list()).toEqual([shown])
  expect(await api.get(400, 'POST', PATH, { body: { ...TASK, scope_ids: `c,${A}` } })).toEqual({
    message: expect.stringContaining(A),
  })
  // Windows that only touch do not overlap.
  const next = { ...TASK, reason: 'more', start_reprocess_time: '2026-06-03', end_reprocess_time: '2026-06-04' }
  expect(await api.get(202, 'POST', PATH, { body: { ...next, scope_ids: ['ALL'] } })).toEqual({})
  expect((await list()).map((task) => task.scope_id)).toEqual(['c', 'b', A, A])
  expect((await list('?order=ASC&limit=2')).map((task) => task.reason)).toEqual(['wrong flavor price', 'more'])
  expect((await list('?order=DESC&scope_ids=b,c&offset=1')).map((task) => task.scope_id)).toEqual(['b'])
  expect((await list(`/${A}?scope_ids=b`)).map((task) => task.scope_id)).toEqual([A, A])
  expect(await list('/nope')).toEqual([])
})

test('an unknown order is refused, and a task cannot be sent to a scope’s own address', async () => {
  await api.get(400, 'GET', `${PATH}?order=up`)
  await api.get(405, 'POST', `${PATH}/${A}`, { body: TASK })
})
