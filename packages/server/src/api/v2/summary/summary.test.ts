import { afterAll, expect, test } from 'vitest'
import { openTestApi, point } from '../../testing/open-test-api.ts'

const A = '7a7e5183264644a7a79530eb56e59941'
const B = '9084fadcbd46481788e0ad7405dcbf12'
const api = await openTestApi()
afterAll(() => api[Symbol.asyncDispose]())

await api.push(
  point('instance', '2026-06-11T07:00:00Z', '3', '0.375', { project_id: A, user_id: 'u1' }, { flavor: 'small' }),
  point('instance', '2026-06-11T08:00:00Z', '3', '0.375', { project_id: A, user_id: 'u2' }, { flavor: 'large' }),
  point('instance', '2026-06-02T00:00:00Z', '12', '1.5', { project_id: B, user_id: 'u3' }, { flavor: 'small' }),
  point('volume.size', '2026-06-30T23:00:00Z', '20.1', '0.1', { project_id: A }, { volume_type: 'ssd' }),
  point('volume.size', '2026-07-01T00:00:00Z', '7', '7', { project_id: A }, { volume_type: 'ssd' }),
)

const BEGIN = '2026-06-01T00:00:00+00:00'
const END = '2026-07-01T00:00:00+00:00'

interface Summary {
  total: number
  columns?: string[]
  results: unknown[]
  format?: string
}
/** `a0,a1,...`, each with something behind it. */
const names = (count: number, behind = '') => Array.from({ length: count }, (_, i) => `a${i}${behind}`).join(',')
const summary = (query: string, headers: Record<string, string> = {}) =>
  api.get<Summary>(200, 'GET', `/v2/summary${query}`, { headers })

test('the present month is summed as one row, with numbers that are not rounded', async () => {
  const answer = await api.call('GET', '/v2/summary')
  expect(answer.text).toBe(
    `{"total": 1, "columns": ["begin", "end", "qty", "rate"], "results": [["${BEGIN}", "${END}", 38.1, 2.35]], "format": "table"}\n`,
  )
})

test('groups stand behind the values in the order of the request, rows ascend by them, and paging leaves the total', async () => {
  const query = `?groupby=type,project_id&filters=project_id:${A}&filters=project_id:${B}&begin=2026-06-01T00:00:00Z&limit=2`
  expect(await summary(query)).toEqual({
    total: 3,
    columns: ['begin', 'end', 'qty', 'rate', 'type', 'project_id'],
    results: [
      [BEGIN, END, 6, 0.75, 'instance', A],
      [BEGIN, END, 12, 1.5, 'instance', B],
    ],
    format: 'table',
  })
  const rest = await summary(`${query}&offset=2`)
  expect(rest).toMatchObject({ total: 3, results: [[BEGIN, END, 20.1, 0.1, 'volume.size', A]] })
  expect(await summary(`${query}&offset=3`)).toEqual({ total: 3, columns: [], results: [], format: 'table' })
})

test('time makes buckets of the period, in order, and leaves empty ones out', async () => {
  const query = '?groupby=time&response_format=object&begin=2026-06-11T07:00:00Z&end=2026-06-11T09:00:00Z'
  expect(await summary(query)).toEqual({
    total: 2,
    results: [
      { begin: '2026-06-11T07:00:00+00:00', end: '2026-06-11T08:00:00+00:00', qty: 3, rate: 0.375 },
      { begin: '2026-06-11T08:00:00+00:00', end: '2026-06-11T09:00:00+00:00', qty: 3, rate: 0.375 },
    ],
    format: 'object',
  })
})

test.each([
  ['time-d', 'day_of_the_year', ['153', '162', '181']],
  ['time-w', 'week_of_the_year', ['22', '23', '26']],
  ['time-m', 'month', ['6']],
  ['time-y', 'year', ['2026']],
  ['day_of_the_year', 'day_of_the_year', ['153', '162', '181']],
])('groupby=%s has the column %s', async (groupby, column, texts) => {
  const { columns, results } = await summary(`?groupby=${groupby}`)
  expect(columns).toEqual(['begin', 'end', 'qty', 'rate', column])
  expect(results.map((row) => (row as unknown[])[4])).toEqual(texts)
})

test('a point that lacks an attribute falls in the empty group, and an attribute that nobody has groups all', async () => {
  expect((await summary('?groupby=user_id')).results).toEqual([
    [BEGIN, END, 20.1, 0.1, ''],
    [BEGIN, END, 3, 0.375, 'u1'],
    [BEGIN, END, 3, 0.375, 'u2'],
    [BEGIN, END, 12, 1.5, 'u3'],
  ])
  expect((await summary('?groupby=resource_id')).results).toEqual([[BEGIN, END, 38.1, 2.35, '']])
  // Without a dash right behind it, `time` is a part of any name.
  expect((await summary('?groupby=up-time')).columns).toContain('up-time')
})

test('filter and filters are one; values of an attribute are alternatives, attributes all must match', async () => {
  const proposal = `?filter=project_id:${A}&filter=user_id:u1&groupby=user_id&begin=2026-06-01T00%3A00%3A00`
  expect((await summary(proposal)).results).toEqual([[BEGIN, END, 3, 0.375, 'u1']])
  expect((await summary('?filters=flavor:small,flavor:large')).results).toEqual([[BEGIN, END, 18, 2.25]])
  expect((await summary('?filters=flavor:small&filter=flavor:large,user_id:u3')).results).toEqual([
    [BEGIN, END, 12, 1.5],
  ])
  expect((await summary('?filters=type:volume.size')).results).toEqual([[BEGIN, END, 20.1, 0.1]])
  expect(await summary('?filters=flavor:none')).toEqual({ total: 0, columns: [], results: [], format: 'table' })
  expect(await summary('?filters=flavor:none&response_format=object')).toEqual({
    total: 0,
    results: [],
    format: 'object',
  })
})

test('two columns of one name are refused where an object would lose one, and stand side by side in a table', async () => {
  for (const query of ['groupby=qty', 'groupby=begin', 'groupby=time-m,month', 'custom_fields=SUM(qty)%20AS%20end']) {
    const refused = await api.call('GET', `/v2/summary?response_format=object&${query}`)
    expect({ query, ...refused }).toMatchObject({ query, status: 400, text: expect.stringContaining('Two columns') })
  }
  expect((await summary('?groupby=qty')).columns).toEqual(['begin', 'end', 'qty', 'rate', 'qty'])
})

test('bounds are half-open, default each by itself, and may be inverted', async () => {
  expect((await summary('?begin=2026-06-30T23:00:00Z')).results).toEqual([
    [`2026-06-30T23:00:00+00:00`, END, 20.1, 0.1],
  ])
  expect((await summary('?end=2026-07-01T00:00:00.999999%2B00:00')).total).toBe(1)
  expect((await summary('?begin=2026-07-01+00%3A00%3A00%2B00%3A00&end=2026-08-01')).results).toMatchObject(
    [[{}, {}, 7, 7]].map((row) => row.map((cell) => (typeof cell === 'number' ? cell : expect.any(String)))),
  )
  expect((await summary('?begin=2026-07-01&end=2026-06-01')).total).toBe(0)
})

test('custom fields become the columns, in order', async () => {
  const fields = encodeURIComponent('MAX(price) AS peak, count(qty) as points,AVG(qty)')
  expect(await summary(`?custom_fields=${fields}&filters=type:instance`)).toMatchObject({
    columns: ['begin', 'end', 'peak', 'points', 'avg'],
    results: [[BEGIN, END, 1.5, 3, 6]],
  })
  expect((await summary('?custom_fields=')).columns).toEqual(['begin', 'end', 'qty', 'rate'])
})

test.each([
  'select',
  ' drop',
  '*',
  'SUM(qty) AS a; DROP TABLE points',
  'SUM(secret) AS a',
  'SUM(qty)) AS a',
  'constructor(qty)',
  'SUM(qty) AS a, SUM(price) AS a',
  'SUM(qty) AS',
  ',',
  Array.from({ length: 21 }, (_, i) => `SUM(qty) AS a${i}`).join(','),
])('the custom field %.40s is refused', async (fields) => {
  const path = `/v2/summary?custom_fields=${encodeURIComponent(fields)}`
  expect(await api.get(400, 'GET', path)).toEqual({ message: expect.stringMatching(/^Invalid custom_fields: /) })
})

test.each([
  ['groupby=time-x', /time-x/],
  [`groupby=${names(21)}`, /^Invalid groupby: it has 21 names, and at most 20 are taken/],
  [`filters=${names(21, ':x')}`, /^Invalid filters: it has 21 names, and at most 20 are taken/],
  [`filters=${names(11, ':x')}&filter=${names(21, ':x')}`, /^Invalid filters: it has 21 names/],
  ['response_format=csv', /not a valid value \(path: 'response_format'\)/],
  ['limit=0', /value must be at least 1 \(path: 'limit'\)/],
  ['limit=1&limit=2', /length of value must be 1/],
  ['offset=-1', /value must be at least 0/],
  ['foo=bar', /extra keys not allowed \(path: 'foo'\)/],
  ['filters=a', /invalid key:value association a/],
  ['begin=2026-06-01T00:00:00+00:00', /not a valid value \(path: 'begin'\)/],
])('%s is refused', async (query, message) => {
  expect(await api.get(400, 'GET', `/v2/summary?${query}`)).toEqual({ message: expect.stringMatching(message) })
})

test('as many names as are taken are taken, and one that is given twice counts once', async () => {
  const asked = `groupby=${names(20)},a0&filters=${names(20, ':x')},a0:y`
  expect(await api.get(200, 'GET', `/v2/summary?${asked}`)).toMatchObject({ total: 0 })
})

test('a slash at the end is another path', async () => {
  await api.get(404, 'GET', '/v2/summary/')
})
