import { afterAll, beforeEach, expect, test } from 'vitest'
import { type Begin, newGrid } from '../../../domain/first-period.ts'
import { UTC } from '../../../domain/time-zone.ts'
import { reprocesses, scopes } from '../../../state/schema.ts'
import { at, openTestApi } from '../../testing/open-test-api.ts'

const api = await openTestApi()
afterAll(() => api[Symbol.asyncDispose]())

const NAMES = { scopeKey: 'project_id', fetcher: 'keystone', collector: 'gnocchi' }
const PATH = '/v2/task/reprocesses'
const WEEK = 604_800

beforeEach(async () => {
  await api.db.delete(scopes)
  await api.db.delete(reprocesses)
  api.now = at('2026-12-01T08:00:00Z')
  api.retention = undefined
})

/** Scopes that began so, and of which the newest rated period holds `until`. */
async function rated(ids: readonly string[], begin: Begin, seconds: number, until: string): Promise<void> {
  api.grid = newGrid({ begin, zone: UTC, seconds }, at('2026-11-20T00:00:00Z'))
  for (const scopeId of ids) {
    const body = { scope_id: scopeId, last_processed_timestamp: until }
    await api.get(200, 'POST', '/v2/scope', { body })
  }
}

const ask = (scopeIds: readonly string[], begin: string, end: string) => {
  const body = { scope_ids: scopeIds, reason: 'why', start_reprocess_time: begin, end_reprocess_time: end }
  return api.call('POST', PATH, { body })
}

test.each<[string, Begin, number, string, string, string, string, string]>([
  ['weeks', 'month-start', WEEK, '2026-11-08', '2026-11-15', '2026-11-05', '2026-11-12', '2026-11-01T00:00:00'],
  [
    'seven hours',
    'month-start',
    25_200,
    '2026-11-01T07:00:00',
    '2026-11-02T04:00:00',
    '2026-11-01T08:00:00',
    '2026-11-02T04:00:00',
    '2026-11-01T07:00:00',
  ],
  [
    'hours from half past on, and ten seconds',
    at('2026-11-01T00:30:10+05:30'),
    3600,
    '2026-11-01T00:30:10+05:30',
    '2026-11-01T01:30:10+05:30',
    '2026-10-31T19:00:00Z',
    '2026-10-31T20:00:10Z',
    '2026-10-31T18:00:10',
  ],
])(
  'bounds are those of the scope’s own periods: %s',
  async (_what, begin, seconds, from, to, crookedFrom, crookedTo, proposed) => {
    await rated(['a'], begin, seconds, '2026-11-25T03:00:00')
    const refused = await ask(['a'], crookedFrom, crookedTo)
    expect(refused).toMatchObject({ status: 400 })
    expect(refused.text).toContain(
      `is not the begin of a period of ${seconds} seconds: ${proposed}+00:00 would be, for scope a.`,
    )
    expect(await ask(['a'], from, to)).toMatchObject({ status: 202 })
  },
)

test('the newest rated period can be rated again, and nothing after it', async () => {
  await rated(['a'], 'month-start', WEEK, '2026-11-17')
  expect((await ask(['a'], '2026-11-15', '2026-11-29')).text).toContain(
    'Scope a is rated up to 2026-11-22T00:00:00+00:00 only.',
  )
  expect(await ask(['a'], '2026-11-15', '2026-11-22')).toMatchObject({ status: 202 })
})

test('scopes with different periods: each that does not fit is named with what would fit, and nothing is scheduled', async () => {
  await rated(['a', 'b', 'c'], 'month-start', WEEK, '2026-11-25')
  await rated(['d'], at('2026-11-03T00:00:00Z'), WEEK, '2026-11-25')
  const { status, json } = await ask(['ALL'], '2026-11-03', '2026-11-10')
  expect({ status, json }).toEqual({
    status: 400,
    json: {
      message:
        'start_reprocess_time 2026-11-03T00:00:00+00:00 is not the begin of a period of 604800 seconds: ' +
        '2026-11-01T00:00:00+00:00 would be, for scope a, b, c.',
    },
  })
  expect(((await ask(['ALL'], '2026-11-08', '2026-11-15')).json as { message: string }).message).toMatch(
    / 2026-11-03T.* for scope d\.$/,
  )
  expect(((await ask(['a', 'd'], '2026-11-05', '2026-11-12')).json as { message: string }).message).toMatch(
    /: 2026-11-01T\S* would be, for scope a; 2026-11-03T\S* would be, for scope d\.$/,
  )
  expect(await api.reprocesses.list({ order: 'asc', scopeIds: ['d'] })).toEqual([])
  expect(await ask(['d'], '2026-11-03', '2026-11-10')).toMatchObject({ status: 202 })
  expect(await ask(['a', 'b', 'c'], '2026-11-01', '2026-11-08')).toMatchObject({ status: 202 })
})

test('no begin is proposed that is not kept', async () => {
  await rated(['a'], 'month-start', WEEK, '2026-11-25')
  api.retention = 24 * 28
  expect((await ask(['a'], '2026-11-04', '2026-11-15')).text).toContain(
    '2026-11-08T00:00:00+00:00 would be, for scope a.',
  )
})

test('a new scope of which a moment counts as rated goes on with the period after the one that holds it', async () => {
  await rated(['a'], 'month-start', WEEK, '2026-11-17T12:34:56')
  expect(await api.scopes.list()).toMatchObject([
    { lastProcessed: at('2026-11-15T00:00:00Z'), nextBegin: at('2026-11-22T00:00:00Z') },
  ])
})

test('a reset to a moment inside a period takes that period back, by each scope’s own periods', async () => {
  await rated(['a'], 'month-start', WEEK, '2026-11-25')
  await rated(['d'], at('2026-11-03T00:00:00Z'), WEEK, '2026-11-25')
  await api.scopes.see(['never'], NAMES, api.now, at('2026-11-02T00:00:00Z'))
  const body = { all_scopes: true, last_processed_timestamp: '2026-11-16T02:30:00' }
  await api.get(202, 'PUT', '/v2/scope', { body })
  const days = { a: '2026-11-15', d: '2026-11-10', never: '2026-11-16' }
  const moments = Object.values(days).map((day) => at(`${day}T00:00:00Z`))
  expect(await api.scopes.list()).toMatchObject(moments.map((begin) => ({ lastProcessed: begin, nextBegin: begin })))
})

test('a reset into a period that begins before what is kept is refused', async () => {
  await rated(['a'], 'month-start', WEEK, '2026-11-25')
  api.retention = 24 * 14
  const body = { scope_id: 'a', last_processed_timestamp: '2026-11-18' }
  expect(await api.get(400, 'PUT', '/v2/scope', { body })).toEqual({
    message: expect.stringContaining('2026-11-15T00:00:00+00:00 is before 2026-11-17T00:00:00+00:00') as string,
  })
})

test.each([
  ['PUT', { scope_id: 'a', last_processed_timestamp: '2026-12-01T08:00:01' }],
  ['PUT', { all_scopes: true, state: '2030-01-01' }],
  ['POST', { scope_id: 'new', last_processed_timestamp: '2026-12-01T08:00:01' }],
])('%s %j lies beyond the present and is refused, with how a scope is stopped', async (method, body) => {
  await rated(['a'], 'month-start', WEEK, '2026-11-25')
  const [before] = await api.scopes.list()
  expect(await api.get(400, method, '/v2/scope', { body })).toEqual({
    message: expect.stringMatching(
      /after the present, 2026-12-01T08:00:00\+00:00: a scope is stopped by active: false/,
    ) as string,
  })
  expect(await api.scopes.list()).toEqual([before])
})
