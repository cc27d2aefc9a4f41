import { afterAll, expect, test } from 'vitest'
import { TimeZone, UTC } from '../../../domain/time-zone.ts'
import { at, openTestApi, point } from '../../testing/open-test-api.ts'

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

test('an attribute that nobody has is grouped by, and a header says that nobody has it', async () => {
  const warning = async (query: string) => {
    const { status, headers } = await api.call('GET', `/v2/summary${query}`)
    expect(status).toBe(200)
    return headers.get('warning')
  }
  const nobody = 'no metric has such an attribute, and no point of this answer carries it'
  for (const limit of ['', '&limit=5000', '&offset=1']) {
    expect(await warning(`?groupby=type,flavr_name${limit}`)).toBe(
      `199 cloudtabby "groupby flavr_name: ${nobody}; did you mean flavor_name?"`,
    )
    // Of a metric, of a point that was pushed, of everybody.
    expect(await warning(`?groupby=volume_type,flavor,project_id,type,time,month${limit}`)).toBeNull()
  }
  expect(await warning('?groupby=flavor&filters=type:volume.size')).toContain(`groupby flavor: ${nobody}`)
  expect(await summary('?groupby=flavr_name')).toMatchObject({ total: 1, results: [[BEGIN, END, 38.1, 2.35, '']] })
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

// From here on there are more points than the tests above count.
test('time makes buckets of the periods that were rated, wherever they begin', async () => {
  const [week, first] = [7 * 24 * 3600, at('2026-11-01T00:00:00Z')]
  const grid = api.grid
  api.grid = { origin: first, seconds: week }
  try {
    const weekly = (begin: string) => ({
      ...point('weekly', begin, '1', '1', { project_id: A }),
      end: at(begin) + week,
    })
    await api.push(weekly('2026-11-01T00:00:00Z'), weekly('2026-11-08T00:00:00Z'), weekly('2026-11-09T00:00:00Z'))
    // Neither is a period: it is in the week that it begins in.
    await api.push(point('weekly', '2026-11-14T23:00:00Z', '5', '1', { project_id: A }))
    const query = '?groupby=time&filters=type:weekly&begin=2026-11-01&end=2026-12-01'
    expect((await summary(query)).results).toEqual([
      ['2026-11-01T00:00:00+00:00', '2026-11-08T00:00:00+00:00', 1, 1],
      ['2026-11-08T00:00:00+00:00', '2026-11-15T00:00:00+00:00', 6, 2],
      ['2026-11-09T00:00:00+00:00', '2026-11-16T00:00:00+00:00', 1, 1],
    ])
  } finally {
    api.grid = grid
  }
})

test('months, weeks and days are those of the configured time zone, in groups, filters and the default range', async () => {
  api.zone = TimeZone.named('Europe/Berlin')!
  try {
    const local = (begin: string, quantity: string) => point('local', begin, quantity, '0', { project_id: A })
    await api.push(
      local('2026-05-31T21:00:00Z', '1'),
      local('2026-05-31T22:00:00Z', '2'),
      local('2026-06-30T21:00:00Z', '4'),
      local('2026-06-30T22:00:00Z', '8'),
      local('2026-10-24T22:00:00Z', '16'),
      local('2026-10-25T22:00:00Z', '32'),
      local('2026-10-25T23:00:00Z', '64'),
    )
    const [begin, end] = ['2026-05-31T22:00:00+00:00', '2026-06-30T22:00:00+00:00']
    expect((await summary('?filters=type:local')).results).toEqual([[begin, end, 6, 0]])
    const by = async (query: string) =>
      (await summary(`?filters=type:local&begin=2026-01-01&end=2027-01-01&${query}`)).results.map((row) =>
        [2, 4].map((column) => (row as unknown[])[column]),
      )
    expect(await by('groupby=time-m')).toEqual([
      [112, '10'],
      [1, '5'],
      [6, '6'],
      [8, '7'],
    ])
    // Sunday, 25 October 2026, has 25 hours in Berlin.
    expect(await by('groupby=time-d&filters=month:10')).toEqual([
      [48, '298'],
      [64, '299'],
    ])
    expect(await by('groupby=time-w&filters=day_of_the_year:181,day_of_the_year:182')).toEqual([[12, '26']])
    const total = await api.get(200, 'GET', '/v1/report/summary?service=local')
    expect(total).toMatchObject({ summary: [{ begin: '2026-05-31T22:00:00', end: '2026-06-30T22:00:00' }] })
  } finally {
    api.zone = UTC
  }
})
