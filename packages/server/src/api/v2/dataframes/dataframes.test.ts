import { afterAll, expect, test } from 'vitest'
import { leaky } from '../../../storage/testing/leaky.ts'
import { at, openTestApi } from '../../testing/open-test-api.ts'

const api = await openTestApi()
afterAll(() => api[Symbol.asyncDispose]())

const P = '7a7e5183264644a7a79530eb56e59941'
const PATH = '/v2/dataframes'
const PERIOD = { begin: '2026-06-11T07:00:00+00:00', end: '2026-06-11T08:00:00+00:00' }
const POINT = {
  vol: { unit: 'GiB', qty: 20.0 },
  rating: { price: 0.04 },
  groupby: { id: '2f1c', project_id: P },
  metadata: { volume_type: 'ssd' },
}
const push = (dataframes: unknown, headers: Record<string, string> = {}) =>
  api.call('POST', PATH, { body: { dataframes }, headers })
const frame = (usage: unknown, period: unknown = PERIOD) => ({ period, usage })
interface Answer {
  total: number
  dataframes: { period: object; usage: Record<string, (typeof POINT)[]> }[]
}
const list = (query: string) => api.get<Answer>(200, 'GET', `${PATH}?${query}`)
/** A month of its own for each test. */
const month = (year: number) => ({
  period: { begin: `${year}-06-11T07:00:00+00:00`, end: `${year}-06-11T08:00:00+00:00` },
  range: `begin=${year}&end=${year + 1}`,
})
const NOTHING = { message: 'No resource found for provided filters.' }

test('what is pushed comes back as it was given', async () => {
  expect(await api.get(404, 'GET', PATH)).toEqual(NOTHING)
  expect(
    await push([frame({ 'volume.size': [POINT, { ...POINT, groupby: { id: 'a', project_id: P } }], empty: [] })]),
  ).toMatchObject({ status: 204, text: '' })
  const range = 'begin=2026-06-11T07:00:00Z&end=2026-06-11T08:00:00Z'
  const page = await api.call('GET', `${PATH}?${range}&filters=type:volume.size,id:2f1c&limit=1`)
  expect(page.text).toBe(
    '{"total": 1, "dataframes": [{"period": {"begin": "2026-06-11T07:00:00+00:00", "end": "2026-06-11T08:00:00+00:00"}, ' +
      '"usage": {"volume.size": [{"vol": {"unit": "GiB", "qty": 20.0}, "rating": {"price": 0.04}, ' +
      `"groupby": {"id": "2f1c", "project_id": "${P}"}, "metadata": {"volume_type": "ssd"}}]}}]}\n`,
  )
  expect(await list(`${range}&offset=1&limit=5`)).toMatchObject({ total: 2, dataframes: [{ period: PERIOD }] })
  expect(await list(`${range}&offset=2`)).toEqual({ total: 2, dataframes: [] })
  expect(await api.get(404, 'GET', `${PATH}?${range}&filters=volume_type:hdd`)).toEqual(NOTHING)
})

test('attributes that are numbers or null stay so; reports group by what Python prints, and by nothing for null', async () => {
  await using fresh = await openTestApi()
  const point = (vcpus: string) =>
    `{"vol": {"unit": "GiB", "qty": 1.0}, "rating": {"price": 0.5}, "groupby": {}, "metadata": {"vcpus": ${vcpus}}}`
  const literals = ['2', '2.0', '1e-05', '"2"', 'null', '""', '12345678901234567890']
  const period = '{"begin": "2026-06-02T00:00:00", "end": "2026-06-02T01:00:00"}'
  const body = `{"dataframes": [{"period": ${period}, "usage": {"x": [${literals.map(point).join(', ')}]}}]}`
  await fresh.get(204, 'POST', '/v2/dataframes', { body })
  const { text } = await fresh.call('GET', '/v2/dataframes?begin=2026-06-01&end=2026-06-03')
  expect(new Set([...text.matchAll(/"vcpus": ("?[^"}]*"?)/g)].map(([, value]) => value))).toEqual(new Set(literals))
  const summary = async (query: string) => {
    const path = `/v2/summary?begin=2026-06-01&end=2026-06-03&groupby=vcpus${query}`
    const { results } = await fresh.get<{ results: unknown[][] }>(200, 'GET', path)
    return results.map(([, , qty, , vcpus]) => [vcpus, qty])
  }
  expect(await summary('')).toEqual([
    ['', 2],
    ['12345678901234567890', 1],
    ['1e-05', 1],
    ['2', 2],
    ['2.0', 1],
  ])
  expect(await summary('&filters=vcpus:2')).toEqual([['2', 2]])
  expect(await summary('&filters=vcpus:2.0')).toEqual([['2.0', 1]])
})

test('numbers keep every digit, as number or text, and attributes any JSON value', async () => {
  const { period, range } = month(2001)
  const body = JSON.stringify({
    dataframes: [
      frame({ exact: [{ ...POINT, groupby: { n: 8, deep: { list: [1, null] } }, metadata: { on: true } }] }, period),
    ],
  })
    .replace('"qty":20', '"qty":12345678901234.567890123456789012')
    .replace('"price":0.04', '"price":"0.000000000000000001"')
  expect(await api.call('POST', PATH, { body })).toMatchObject({ status: 204 })
  const { text, json } = await api.call('GET', `${PATH}?${range}`)
  expect(text).toContain('"qty": 12345678901234.567890123456789012')
  expect(text).toContain('"price": 0.000000000000000001')
  expect(json).toMatchObject({
    dataframes: [{ usage: { exact: [{ groupby: { n: 8, deep: { list: [1, null] } }, metadata: { on: true } }] } }],
  })
})

test('the unit may be empty, the rating absent, and attributes a list of pairs', async () => {
  const { period, range } = month(2002)
  const loose = { vol: { unit: '', qty: '1.5' }, groupby: [['a', 'b']], metadata: [], rating: {} }
  const { rating: _none, ...unrated } = loose
  expect(await push([{ usage: { x: [loose, unrated] }, period }])).toMatchObject({ status: 204 })
  const point = { vol: { unit: 'undefined', qty: 1.5 }, rating: { price: 0 }, groupby: { a: 'b' }, metadata: {} }
  expect(await list(range)).toMatchObject({ total: 2, dataframes: [{ usage: { x: [point, point] } }] })
})

test('frames are sorted by time, and pages count points', async () => {
  const hours = Array.from({ length: 5 }, (_, i) => ({
    begin: `2003-01-01T0${i}:00:00Z`,
    end: `2003-01-01T0${i + 1}:00:00Z`,
  }))
  const many = Array.from({ length: 3 }, (_, i) => ({ ...POINT, groupby: { id: `${i}` } }))
  expect(await push(hours.toReversed().map((period) => frame({ b: many, a: many }, period)))).toMatchObject({
    status: 204,
  })
  const whole = await list('begin=2003&end=2004&limit=1000')
  expect(whole.total).toBe(30)
  expect(whole.dataframes.map(({ usage }) => Object.keys(usage))).toEqual(Array.from({ length: 5 }, () => ['a', 'b']))
  const pages = await Promise.all(
    [0, 4, 8, 12, 16, 20, 24, 28].map((offset) => list(`begin=2003&end=2004&limit=4&offset=${offset}`)),
  )
  const ids = (answers: Answer[]) =>
    answers.flatMap(({ dataframes }) =>
      dataframes.flatMap(({ period, usage }) =>
        Object.entries(usage).flatMap(([type, points]) => points.map((point) => [period, type, point.groupby])),
      ),
    )
  expect(ids(pages)).toEqual(ids([whole]))
})

test('pushed points count in reports at once, also by the calendar', async () => {
  const { period } = month(2004)
  await push([frame({ volume: [POINT] }, period)])
  const path = '/v2/summary?begin=2004-06-01&end=2004-07-01&groupby=time-d,project_id'
  expect(await api.get(200, 'GET', path)).toMatchObject({
    results: [[expect.any(String), expect.any(String), 20, 0.04, '163', P]],
  })
})

const BAD = [
  ['a frame that is none', [1], /expected a dictionary \(path: 'dataframes\.1'\)/],
  ['no usage', [{ period: PERIOD }], /required key not provided \(path: 'dataframes\.1\.usage'\)/],
  ['no period', [{ usage: {} }], /required key not provided \(path: 'dataframes\.1\.period'\)/],
  ['more in a frame', [{ ...frame({}), x: 1 }], /extra keys not allowed \(path: 'dataframes\.1\.x'\)/],
  ['more in a period', [frame({}, { ...PERIOD, x: 1 })], /extra keys not allowed \(path: 'dataframes\.1\.period\.x'\)/],
  ['half a period', [frame({}, { begin: PERIOD.begin })], /required key not provided/],
  [
    'a date that is none',
    [frame({}, { ...PERIOD, end: 'zz' })],
    /not a valid value \(path: 'dataframes\.1\.period\.end'\)/,
  ],
  ['an inverted period', [frame({}, { begin: PERIOD.end, end: PERIOD.begin })], /the end is before the begin/],
  ['usage as a list', [frame([])], /expected a dictionary \(path: 'dataframes\.1\.usage'\)/],
  ['points as an object', [frame({ a: {} })], /expected a list \(path: 'dataframes\.1\.usage\.a'\)/],
  [
    'a point that is none',
    [frame({ a: [POINT, 'x'] })],
    /expected a dictionary \(path: 'dataframes\.1\.usage\.a\.1'\)/,
  ],
  [
    'a description',
    [frame({ a: [{ ...POINT, description: 'x' }] })],
    /extra keys not allowed \(path: 'dataframes\.1\.usage\.a\.0\.description'\)/,
  ],
  ['no volume', [frame({ a: [{ ...POINT, vol: undefined }] })], /required key not provided \(path: '.*\.vol'\)/],
  ['no quantity', [frame({ a: [{ ...POINT, vol: { unit: 'x' } }] })], /\.vol\.qty'\)/],
  [
    'an attribute of more than 64 KiB',
    [frame({ a: [{ ...POINT, metadata: { note: 'x'.repeat(65_537) } }] })],
    /65537 bytes, and at most 65536 are kept .* \(path: 'dataframes\.1\.usage\.a\.0\.metadata\.note'\)/,
  ],
  [
    'a unit of more than 64 KiB',
    [frame({ a: [{ ...POINT, vol: { unit: 'x'.repeat(65_537), qty: 1 } }] })],
    /65537 bytes.*\(path: '.*\.vol\.unit'\)/,
  ],
  [
    'a unit that is no text',
    [frame({ a: [{ ...POINT, vol: { unit: 1, qty: 1 } }] })],
    /expected str \(path: '.*\.vol\.unit'\)/,
  ],
  [
    'a quantity that is no number',
    [frame({ a: [{ ...POINT, vol: { unit: 'x', qty: 'NaN' } }] })],
    /expected a number \(path: '.*\.vol\.qty'\)/,
  ],
  ['a quantity too large', [frame({ a: [{ ...POINT, vol: { unit: 'x', qty: 1e21 } }] })], /too large/],
  [
    'a price that is null',
    [frame({ a: [{ ...POINT, rating: { price: null } }] })],
    /expected a number \(path: '.*\.rating\.price'\)/,
  ],
  ['more in a rating', [frame({ a: [{ ...POINT, rating: { price: 1, x: 1 } }] })], /extra keys/],
  ['attributes that are none', [frame({ a: [{ ...POINT, groupby: 'x' }] })], /expected a dictionary/],
  ['pairs that are none', [frame({ a: [{ ...POINT, metadata: [['a']] }] })], /expected a pair.*\.metadata\.0'\)/],
  ['a NUL', [frame({ a: [{ ...POINT, metadata: { a: '\0' } }] })], /a text holds a NUL character/],
] as const satisfies readonly (readonly [string, readonly unknown[], RegExp])[]

test.each(BAD)('%s is refused with its place, and then nothing of the body is stored', async (_what, bad, message) => {
  const { period, range } = month(2005)
  const { status, json } = await push([frame({ a: [POINT] }, period), ...bad])
  expect({ status, json }).toEqual({ status: 400, json: { message: expect.stringMatching(message) } })
  await api.get(404, 'GET', `${PATH}?${range}`)
})

test('a body without frames is refused', async () => {
  expect((await push([])).json).toEqual({ message: 'Parameter dataframes must not be empty.' })
  expect((await push({})).json).toEqual({ message: "Invalid data '{}' : expected a list (path: 'dataframes')" })
})

test('a bad point far behind is refused by its index, and nothing before it stays', async () => {
  const { period, range } = month(2006)
  const points = Array.from({ length: 45_000 }, (_, i) => ({ ...POINT, groupby: { id: `${i % 10}` } }))
  const bad = { ...POINT, vol: { unit: 'GiB' } }
  const { status, json } = await push([frame({ a: [...points, bad] }, period)])
  expect(status).toBe(400)
  expect(json).toEqual({ message: expect.stringContaining("(path: 'dataframes.0.usage.a.45000.vol.qty')") })
  await api.get(404, 'GET', `${PATH}?${range}`)
})

test.each([
  ['', 400],
  ['{', 400],
  ['{"dataframes": [{}', 400],
  ['[]', 400],
  ['null', 400],
  ['{}', 400],
  ['{"dataframes": [], "x": 1}', 400],
  ['{"x": 1}', 400],
  ['{"dataframes": [{"period": {"begin": "2026", "end": "2026"}, "usage": {}}]} x', 400],
  ['{"dataframes": [{"period": {"begin": "2026", "end": "2026"}, "usage": {}}]}', 204],
])('the body %j is answered with %i', async (body, status) => {
  const answer = await api.call('POST', PATH, { body })
  expect(answer.status).toBe(status)
  if (status === 400) expect(answer.json).toEqual({ message: expect.any(String) })
})

test('a body that is not declared as JSON is 415', async () => {
  await api.get(415, 'POST', PATH, { body: '{"dataframes": []}', headers: { 'content-type': 'text/plain' } })
})

test('a repeated Idempotency-Key stores once, is refused for another body, and is each project’s own', async () => {
  const { period, range } = month(2007)
  const send = (qty: number, headers: Record<string, string>) =>
    push([frame({ a: [{ ...POINT, vol: { unit: 'x', qty } }] }, period)], headers)
  const key = { 'idempotency-key': 'k1', 'x-project-id': 'A' }
  expect(await send(1, key)).toMatchObject({ status: 204 })
  expect(await send(1, key)).toMatchObject({ status: 204 })
  expect((await list(range)).total).toBe(1)
  expect(await send(2, key)).toMatchObject({ status: 409, json: { message: expect.any(String) } })
  expect(await send(1, { ...key, 'x-project-id': 'B' })).toMatchObject({ status: 204 })
  expect(await send(1, {})).toMatchObject({ status: 204 })
  expect((await list(range)).total).toBe(3)
  expect(await send(1, { 'idempotency-key': 'x'.repeat(256) })).toMatchObject({ status: 400 })
})

test('the same Idempotency-Key twice at once stores once', async () => {
  const { period, range } = month(2008)
  const answers = await Promise.all(
    Array.from({ length: 4 }, () => push([frame({ a: [POINT] }, period)], { 'idempotency-key': 'at once' })),
  )
  expect(answers.map((answer) => answer.status)).toEqual([204, 204, 204, 204])
  expect((await list(range)).total).toBe(1)
})

test('a push of which the store has lost a point without a word is 503, may be sent again, and then is there once', async () => {
  const { period, range } = month(2021)
  const headers = { 'idempotency-key': 'lost' }
  {
    using _ = leaky(api.store)
    const refused = await push([frame({ a: [POINT, POINT] }, period)], headers)
    expect(refused).toMatchObject({ status: 503 })
    expect(refused.headers.get('retry-after')).toBe('5')
    await api.get(404, 'GET', `${PATH}?${range}`)
  }
  expect(await push([frame({ a: [POINT, POINT] }, period)], headers)).toMatchObject({ status: 204 })
  expect((await list(range)).total).toBe(2)
})

test('a refused body does not use its Idempotency-Key up', async () => {
  const { period, range } = month(2009)
  const headers = { 'idempotency-key': 'second try' }
  expect(await push([frame({ a: [{}] }, period)], headers)).toMatchObject({ status: 400 })
  expect(await push([frame({ a: [POINT] }, period)], headers)).toMatchObject({ status: 204 })
  expect((await list(range)).total).toBe(1)
})

test('an answer of more points than are held in memory is whole, in both APIs', async () => {
  const { period, range } = month(2010)
  const points = Array.from({ length: 41_000 }, (_, i) => ({
    ...POINT,
    groupby: { id: `${i % 7}`, project_id: `p${i % 3}` },
  }))
  expect(
    await push([frame({ a: points }, period), frame({ a: [POINT] }, { begin: '2010-07-01', end: '2010-07-02' })]),
  ).toMatchObject({ status: 204 })
  const { total, dataframes } = await list(`${range}&limit=100000`)
  expect([total, dataframes.map(({ usage }) => usage['a']!.length)]).toEqual([41_001, [41_000, 1]])
  const page = await list(`${range}&limit=40000&offset=1001`)
  expect(page.dataframes.map(({ usage }) => usage['a']!.length)).toEqual([39_999, 1])
  const v1 = await api.get<{ dataframes: { resources: object[] }[] }>(
    200,
    'GET',
    '/v1/storage/dataframes?begin=2010-01-01&end=2011-01-01',
  )
  expect(v1.dataframes.map(({ resources }) => resources.length)).toEqual([13_667, 13_667, 13_666, 1])
})

test.each([
  ['filters=a:b:c', /invalid key:value association/],
  ['limit=0', /value must be at least 1/],
  ['foo=1', /extra keys not allowed/],
  ['groupby=type', /extra keys not allowed/],
  [
    `filters=${Array.from({ length: 21 }, (_, i) => `a${i}:x`).join(',')}`,
    /^Invalid filters: it has 21 names, and at most 20/,
  ],
])('%s is refused', async (query, message) => {
  expect(await api.get(400, 'GET', `${PATH}?${query}`)).toEqual({ message: expect.stringMatching(message) })
})

test('the default range is the present month', async () => {
  api.now = at('2026-06-30T23:59:59Z')
  await api.get(200, 'GET', PATH)
  api.now = at('2026-07-01T00:00:00Z')
  await api.get(404, 'GET', PATH)
})
