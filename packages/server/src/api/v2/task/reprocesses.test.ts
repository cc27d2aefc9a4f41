import { afterAll, beforeAll, expect, test } from 'vitest'
import { decimal } from '../../../domain/decimal.ts'
import { finishReprocess, startReprocess } from '../../../state/reprocesses.ts'
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
type Tasks = { results: { id: number; scope_id: string; reason: string; state: string }[] }
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
  ['an end before its start', { end_reprocess_time: '2026-05-01' }, /is before start_reprocess_time 2026-06-01/],
  ['an end at its start', { end_reprocess_time: TASK.start_reprocess_time }, /no period between/],
  ['an unaligned start', { start_reprocess_time: '2026-06-01T00:30:00' }, /2026-06-01T00:00:00\+00:00 would be/],
  ['an unaligned end', { end_reprocess_time: '2026-06-03T00:30:00' }, /2026-06-03T01:00:00\+00:00 would be/],
  ['an unknown scope', { scope_ids: `${A},nope` }, /nope/],
  ['an inactive scope', { scope_ids: ['off'] }, /off/],
  [
    'an end that is not rated yet',
    { scope_ids: [A, 'b'], end_reprocess_time: '2026-06-10T02:00:00' },
    /^Scope 7a7e5183264644a7a79530eb56e59941, b is rated up to 2026-06-10T01:00:00\+00:00 only\.$/,
  ],
  ['null', { scope_ids: null }, /expected a list/],
  ['a number', { scope_ids: 5 }, /expected a list/],
  ['an unknown key', { foo: 1 }, /extra keys not allowed/],
  ['a missing key', { reason: undefined }, /required key not provided/],
])('%s is refused', async (_what, change, message) => {
  const body = { ...TASK, ...change }
  expect(await api.get(400, 'POST', PATH, { body })).toEqual({ message: expect.stringMatching(message) })
  expect(await list()).toEqual([])
})

test('a task that begins before what is kept is refused', async () => {
  api.retention = 200
  expect(await api.get(400, 'POST', PATH, { body: TASK })).toEqual({
    message: expect.stringMatching(/start_reprocess_time 2026-06-01.* is before 2026-06-03T00:00:00\+00:00/),
  })
  api.retention = undefined
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
    id: expect.any(Number) as number,
    state: 'pending',
    progress: 0,
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

test('while a task is worked on it shows how far it is; then what it changed, in exact numbers', async () => {
  const [task] = await list('/b')
  const [scope] = await api.scopes.list({ scopeIds: ['b'] })
  const lease = await api.batches.lease(scope!.id, 'reprocessed', (tx, batch) => startReprocess(tx, task!.id, batch))
  await api.reprocesses.setCurrent(task!.id, lease!, at('2026-06-03T05:00:00Z'))
  expect((await list('/b'))[0]).toMatchObject({
    state: 'running',
    progress: 25,
    current_reprocess_time: '2026-06-03T05:00:00',
  })
  const period = { begin: at('2026-06-03T00:00:00Z'), end: at('2026-06-04T00:00:00Z') }
  const sums = (quantity: string, price: string) => ({ quantity: decimal(quantity), price: decimal(price) })
  const diff = [{ type: 'instance', before: sums('24', '0.1'), after: sums('24', '0.123456789012345678') }]
  await api.batches.commit(lease!, {
    leased: scope!.id,
    also: (tx) => finishReprocess(tx, { id: task!.id, period }, lease!, diff),
  })
  const { text } = await api.call('GET', `${PATH}/b`)
  expect(text).toContain('"state": "done", "progress": 100')
  expect(text).toContain(
    '"diff": [{"type": "instance", "before": {"qty": 24.0, "price": 0.1}, "after": {"qty": 24.0, "price": 0.123456789012345678}}]',
  )
})

test('a task that failed says why, and when it is tried again', async () => {
  const [task] = await list('/c')
  await api.reprocesses.fail(task!.id, 'connection refused', 60)
  expect((await list('/c'))[0]).toMatchObject({
    state: 'retrying',
    progress: 0,
    failure: { error: 'connection refused', count: 1, retry_at: expect.stringMatching(/^20.*\+00:00$/) as string },
  })
})

test('unfinished tasks can be cancelled, by scope and by id; what is done stays done', async () => {
  const [second, first] = await list(`/${A}`)
  expect(await api.get(400, 'DELETE', PATH)).toEqual({ message: expect.stringContaining('ALL') })
  await api.get(400, 'DELETE', `${PATH}?scope_ids=ALL,c`)
  await api.get(404, 'DELETE', `${PATH}/b`)
  await api.get(404, 'DELETE', `${PATH}/${A}?id=${String(2 ** 40)}`)
  await api.get(404, 'DELETE', `${PATH}/c?id=${String(first!.id)}`)
  expect(await api.get(200, 'DELETE', `${PATH}/${A}?id=${String(first!.id)}`)).toEqual({ cancelled: [first!.id] })
  await api.get(404, 'DELETE', `${PATH}/${A}?id=${String(first!.id)}`)
  expect((await list(`/${A}`)).map((task) => task.state)).toEqual(['pending', 'cancelled'])
  expect(await api.get(200, 'DELETE', `${PATH}?scope_ids=ALL`)).toEqual({
    cancelled: [second!.id, (await list('/c'))[0]!.id].toSorted((a, b) => a - b),
  })
  await api.get(404, 'DELETE', `${PATH}?scope_ids=ALL`)
  // What is cancelled stands in nobody's way.
  expect(await api.get(202, 'POST', PATH, { body: TASK })).toEqual({})
})

test('of two requests for the same period at the same time, one is refused', async () => {
  const body = { ...TASK, scope_ids: ['c'] }
  const answers = await Promise.all([1, 2, 3].map(() => api.call('POST', PATH, { body })))
  expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([202, 400, 400])
})
