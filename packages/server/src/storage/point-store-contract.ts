import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CALENDAR } from '../domain/calendar.ts'
import { Decimal } from '../domain/decimal.ts'
import type { Point } from '../domain/point.ts'
import type { Period } from '../domain/period.ts'
import { SAMPLE_METHODS, type SampleMethod, type SampleQuery } from '../domain/sample.ts'
import { Fraction, FRACTION_ZERO } from '../domain/fraction.ts'
import { toQuantity } from '../domain/to-quantity.ts'
import { attributeText, type Attributes, type AttributeValue, type Series } from '../domain/series.ts'
import { PythonNumber } from '../lib/python-text.ts'
import type { Snapshot, Tombstone } from '../domain/snapshot.ts'
import { TimeZone } from '../domain/time-zone.ts'
import { type PointFilter, type PointStore, type TotalQuery, VALUE_FUNCTIONS } from './point-store.ts'
import { type Grouping, groupingBy, type TimeBuckets } from './grouping.ts'
import type { EndlessStore } from './testing/endless.ts'
import { ModelStore } from './testing/model-store.ts'
import {
  DAY,
  EVERYTHING,
  HOUR,
  JUNE,
  point,
  query,
  sample,
  series,
  SUMS,
  table,
  texts,
  timeTable,
  wholeTotal,
} from './testing/points.ts'
import { expectAlike, history, plain } from './testing/random-history.ts'

/** What every points store promises. `open` gives a new, empty one; so many histories of random writes and questions are tried. */
export function pointStoreContract(name: string, open: () => Promise<PointStore>, histories: number): void {
  describe(`${name} keeps the promises of a points store`, () => {
    visibility(open)
    totals(open)
    streams(open)
    attributes(open)
    retrieval(open)
    exactness(open)
    deletion(open)
    retention(open)
    samples(open)
    anything(open, histories)
  })
}

/** For stores that can tell what a question costs. */
export function weighingContract(name: string, open: () => Promise<PointStore>): void {
  test(`${name} weighs a question by the series, names and periods that it is about`, async () => {
    await using store = await open()
    const ofScope = (scopeId: string, count: number) =>
      Array.from({ length: count }, (_, i) => series({ scopeId, groupby: { id: `vm-${i}`, project_id: scopeId } }))
    const write = (batch: number, of: readonly Series[]) =>
      store.write(
        batch,
        of.flatMap((each) => Array.from({ length: 4 }, (_, i) => point(each, { begin: JUNE + i * HOUR }))),
      )
    await write(1, ofScope('alpha', 20))
    const weigh = (scopeId: string, asked: Partial<TotalQuery> = {}) =>
      store.weigh!({ ...query(asked), attributes: new Map([['project_id', [scopeId]]]), firstBy: 'project_id' })
    const alone = await weigh('alpha')
    expect(alone).toBeGreaterThan(0)
    await write(2, ofScope('beta', 400))
    const names = ['id', 'project_id', 'flavor'].map(groupingBy)
    expect(await weigh('nobody', { groupby: names })).toBe(0)
    expect(await store.weigh!(query({ begin: JUNE, end: JUNE }))).toBe(0)
    expect(await weigh('alpha', { end: JUNE + 4 * HOUR })).toBe(alone)
    expect(await weigh('alpha', { end: JUNE + HOUR })).toBeLessThan(alone)
    expect(await weigh('alpha', { groupby: names })).toBeGreaterThan(alone + 50)
    expect(await weigh('beta', { groupby: names })).toBeGreaterThan(10 * (await weigh('alpha', { groupby: names })))
    expect(await store.weigh!(query({ groupby: names }))).toBeGreaterThan(await weigh('beta', { groupby: names }))
  })
}

/** What every points store does with a question that nobody waits for any more; `open` gives one with questions that do not end. */
export function interruptionContract(name: string, open: () => Promise<EndlessStore>): void {
  test(`${name} ends the work on a question when nobody waits for its answer`, async () => {
    await using endless = await open()
    const { store } = endless
    const identity = await store.identity()
    const endlessly = { ...query(), ...endless.sought }
    const grouped = { ...endlessly, groupby: [groupingBy('id')] }
    const questions: ((signal: AbortSignal) => Promise<unknown>)[] = [
      (signal) => store.total(grouped, EVERYTHING, signal),
      (signal) => store.streamTotal(grouped, EVERYTHING, signal),
      (signal) => store.retrieve(endlessly, EVERYTHING, signal),
      (signal) => store.stream(endlessly, EVERYTHING, signal)[Symbol.asyncIterator]().next(),
      (signal) => store.weigh!(endlessly, signal),
    ]
    // Twice as many as an engine has threads for here: if one of them went on, the last ones would not begin.
    for (const ask of [...questions, ...questions]) {
      const leaving = new AbortController()
      const asked = ask(leaving.signal)
      asked.catch(() => {})
      await expect.poll(() => endless.working(), { timeout: 20_000 }).toBeGreaterThan(0)
      leaving.abort(new Error('left'))
      await expect(asked).rejects.toThrow('left')
      // By itself it would not end.
      await expect.poll(() => endless.working(), { timeout: 20_000 }).toBe(0)
    }
    expect(await store.identity()).toBe(identity)
  }, 60_000)
}

type Open = () => Promise<PointStore>

const never = new AbortController().signal
const EVERY_HOUR: TimeBuckets = { seconds: HOUR, origin: 0 }

function visibility(open: Open): void {
  test('the rows of a batch are counted, of all its writings, whoever may see them', async () => {
    await using store = await open()
    expect(await store.count(1)).toEqual({ points: 0, samples: 0 })
    for (let i = 0; i < 2; i++) await store.write(1, [point(series()), point(series())])
    await store.write(2, [point(series())])
    await store.writeSamples(1, [sample('cpu', JUNE, '1', {}), sample('cpu', JUNE, '1', {}), sample('ram', 0, '2', {})])
    expect(await store.count(1)).toEqual({ points: 4, samples: 3 })
    expect(await store.count(2)).toEqual({ points: 1, samples: 0 })
  })

  test('what was written stays noted, whatever is deleted; with the batches above one it is forgotten', async () => {
    await using store = await open()
    expect(await store.written([1, 2])).toEqual(new Map())
    for (let i = 0; i < 2; i++) await store.write(1, [point(series()), point(series())])
    await store.write(3, [point(series())])
    await store.writeSamples(1, [sample('cpu', JUNE, '1', {})])
    await store.writeSamples(4, [sample('cpu', JUNE, '1', {})])
    const noted = new Map([
      [1, { points: 4, samples: 1 }],
      [3, { points: 1, samples: 0 }],
    ])
    expect(await store.written([1, 2, 3, 9_000_000_000])).toEqual(noted)
    await store.deleteBatches([3])
    await store.deleteTombstones([{ scopeId: 'alpha', begin: 0, end: undefined, upTo: 9 }])
    await store.dropBefore({ points: JUNE + 400 * DAY, samples: JUNE + 400 * DAY })
    expect(await store.highestBatch()).toBe(0)
    expect(await store.written([1, 2, 3])).toEqual(noted)
    await store.deleteBatchesAbove(1)
    expect(await store.written([1, 2, 3, 4])).toEqual(new Map([[1, { points: 4, samples: 1 }]]))
  })

  test('each store has an identity of its own, which stays', async () => {
    await using store = await open()
    const identity = await store.identity()
    expect(identity).toMatch(/^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/)
    await store.write(1, [point(series())])
    await store.deleteBatchesAbove(0)
    expect(await store.identity()).toBe(identity)
    await using other = await open()
    expect(await other.identity()).not.toBe(identity)
  })

  test('points are seen only up to the highest batch, and not those of pending ones', async () => {
    await using store = await open()
    for (const batch of [1, 2, 3, 4]) await store.write(batch, [point(series(), { quantity: `${10 ** batch}` })])
    const seen = async (snapshot: Partial<Snapshot>) =>
      table(await store.total(query(), { highest: 3, hidden: [], tombstones: [], ...snapshot }))
    expect(await seen({})).toEqual([['1110', '0']])
    expect(await seen({ hidden: [2] })).toEqual([['1010', '0']])
    expect(await seen({ hidden: [1, 3, 4, 99] })).toEqual([['100', '0']])
    expect(await seen({ highest: 0 })).toEqual([])
  })

  test('a tombstone hides its scope’s points in its range up to its batch, and nothing else', async () => {
    await using store = await open()
    const [alpha, beta] = [series(), series({ scopeId: 'beta' })]
    const hours = (of: typeof alpha, quantity: string) =>
      [0, 1, 2, 3].map((hour) => point(of, { begin: JUNE + hour * HOUR, quantity }))
    await store.write(1, [...hours(alpha, '1'), ...hours(beta, '10')])
    await store.write(2, hours(alpha, '100'))
    const seen = async (v: Partial<Tombstone>) => {
      const whole = { scopeId: 'alpha', begin: JUNE, end: undefined, upTo: 1, ...v }
      const total = await store.total(query(), { ...EVERYTHING, tombstones: [whole] })
      return total.rows[0]?.values[0]?.toString()
    }
    expect(await seen({ scopeId: 'nobody' })).toBe('444')
    expect(await seen({})).toBe('440')
    expect(await seen({ upTo: 2 })).toBe('40')
    expect(await seen({ begin: JUNE + HOUR, end: JUNE + 3 * HOUR })).toBe('442')
    expect(await seen({ begin: JUNE + 1, end: JUNE + HOUR })).toBe('444')
  })

  test('overlapping tombstones hide a point once', async () => {
    await using store = await open()
    await store.write(1, [point(series(), { quantity: '5' }), point(series(), { begin: JUNE + HOUR, quantity: '7' })])
    const tombstones = [1, 2, 3].map((upTo) => ({ scopeId: 'alpha', begin: JUNE, end: JUNE + HOUR, upTo }))
    const snapshot = { ...EVERYTHING, tombstones }
    expect(table(await store.total(query(), snapshot))).toEqual([['7', '0']])
    expect((await store.retrieve(query(), snapshot)).total).toBe(1)
  })

  test('equal points are two points, in one batch and in two', async () => {
    await using store = await open()
    const twice = point(series(), { quantity: '0.5', price: '0.01' })
    await store.write(1, [twice, twice])
    await store.write(1, [twice])
    await store.write(2, [twice])
    expect(table(await store.total(query(), EVERYTHING))).toEqual([['2', '0.04']])
    expect((await store.retrieve(query(), EVERYTHING)).total).toBe(4)
  })

  test('nothing is nothing', async () => {
    await using store = await open()
    await store.write(1, [])
    await store.writeSamples(1, [])
    await store.deleteBatches([])
    await store.deleteTombstones([])
    expect(await store.total(query(), EVERYTHING)).toEqual({ total: 0, rows: [] })
    expect(await store.total(query({ groupby: [{ by: 'type' }] }), EVERYTHING)).toEqual({ total: 0, rows: [] })
    expect(await store.retrieve(query(), EVERYTHING)).toEqual({ total: 0, points: [] })
    expect(await store.sampleScopes('project_id', EVERYTHING, never)).toEqual([])
    expect(await store.firstSampleAt(EVERYTHING, never)).toBeUndefined()
  })

  test('a reader beside a writer sees whole batches of the snapshot, however long the writing takes', async () => {
    await using store = await open()
    await store.write(
      1,
      Array.from({ length: 100 }, (_, i) => point(series({ type: `t${i}` }))),
    )
    const writing = (async () => {
      for (let batch = 2; batch < 30; batch++) {
        await store.write(
          batch,
          Array.from({ length: 50 }, (_, i) => point(series({ type: `t${i}` }))),
        )
      }
    })()
    const writer = { done: false }
    void writing.finally(() => (writer.done = true))
    do {
      const total = await store.total(query(), { highest: 1, hidden: [], tombstones: [] })
      expect(table(total)).toEqual([['100', '0']])
    } while (!writer.done)
    await writing
    expect(table(await store.total(query(), EVERYTHING))).toEqual([['1500', '0']])
  })

  test('a query whose signal has fired throws its reason', async () => {
    await using store = await open()
    await store.write(1, [point(series())])
    const signal = AbortSignal.abort(new Error('not wanted any more'))
    await expect(store.total(query(), EVERYTHING, signal)).rejects.toThrow('not wanted any more')
    await expect(store.retrieve(query(), EVERYTHING, signal)).rejects.toThrow('not wanted any more')
    expect((await store.total(query(), EVERYTHING)).total).toBe(1)
  })
}

/** Groups of so many are more than an engine sends at a time. */
const MANY = 6000

function streams(open: Open): void {
  const ofMany = (asked: Partial<TotalQuery> = {}) => query({ groupby: [groupingBy('id')], ...asked })

  test('groups of any number come in lists, ordered and paged as at once', async () => {
    await using store = await open()
    await store.write(
      1,
      Array.from({ length: MANY }, (_, i) => point(series({ groupby: { id: `vm-${i}` } }), { quantity: `${i}` })),
    )
    for (const page of [{}, { offset: 5990 }, { offset: 1, limit: 4500 }, { offset: MANY }, { limit: 0 }]) {
      const streamed = await wholeTotal(await store.streamTotal(ofMany(page), EVERYTHING))
      expect(streamed).toEqual(await store.total(ofMany(page), EVERYTHING))
      expect(streamed.total).toBe(MANY)
    }
    const { rows } = await store.streamTotal(ofMany(), EVERYTHING)
    for await (const some of rows) expect(some.length).toBeLessThan(MANY)
    expect(await wholeTotal(await store.streamTotal(query({ types: ['none'] }), EVERYTHING))).toEqual({
      total: 0,
      rows: [],
    })
  })

  test('what is left unread, or in the middle, is let go; a signal ends what is being read', async () => {
    await using store = await open()
    await store.write(
      1,
      Array.from({ length: MANY }, (_, i) => point(series({ groupby: { id: `vm-${i}` } }))),
    )
    // More than may be open at a time.
    for (let i = 0; i < 40; i++) {
      const { rows } = await store.streamTotal(ofMany(), EVERYTHING)
      if (i % 2 === 0) await rows.next()
      await rows.return?.()
      expect((await rows.next()).done).toBe(true)
    }
    const leaving = new AbortController()
    const { rows } = await store.streamTotal(ofMany(), EVERYTHING, leaving.signal)
    const reading = (async () => {
      for await (const _ of rows) leaving.abort(new Error('enough'))
    })()
    await expect(reading).rejects.toThrow('enough')
    expect((await store.total(ofMany(), EVERYTHING)).total).toBe(MANY)
  })
}

function totals(open: Open): void {
  const vm = (id: string, scopeId: string, metadata = {}) =>
    series({ scopeId, groupby: { id, project_id: scopeId }, metadata })
  const cloud = [
    point(vm('vm-1', 'alpha', { flavor: 'small' }), { quantity: '1', price: '0.5' }),
    point(vm('vm-2', 'alpha', { flavor: 'large' }), { quantity: '1', price: '2.25' }),
    point(vm('vm-1', 'alpha', { flavor: 'large' }), { begin: JUNE + HOUR, quantity: '1', price: '2' }),
    point(vm('vm-3', 'beta', { flavor: 'small' }), { begin: JUNE + HOUR, quantity: '1', price: '0.5' }),
    point(series({ scopeId: 'beta', type: 'volume', unit: 'GiB', groupby: { id: 'v', project_id: 'beta' } }), {
      begin: JUNE + DAY,
      quantity: '20',
      price: '0.04',
    }),
  ]

  test.each<[string, Grouping[], string[][]]>([
    ['nothing', [], [['24', '5.29']]],
    [
      'type',
      [{ by: 'type' }],
      [
        ['instance', '4', '5.25'],
        ['volume', '20', '0.04'],
      ],
    ],
    [
      'a groupby attribute',
      [groupingBy('project_id')],
      [
        ['alpha', '3', '4.75'],
        ['beta', '21', '0.54'],
      ],
    ],
    [
      'a metadata attribute, absent as empty text first',
      [groupingBy('flavor')],
      [
        ['', '20', '0.04'],
        ['large', '2', '4.25'],
        ['small', '2', '1'],
      ],
    ],
    [
      'two attributes, in their order',
      [groupingBy('flavor'), groupingBy('project_id')],
      [
        ['', 'beta', '20', '0.04'],
        ['large', 'alpha', '2', '4.25'],
        ['small', 'alpha', '1', '0.5'],
        ['small', 'beta', '1', '0.5'],
      ],
    ],
    [
      'the unit',
      [groupingBy('unit')],
      [
        ['GiB', '20', '0.04'],
        ['instance', '4', '5.25'],
      ],
    ],
    ['an attribute that nothing has', [groupingBy('colour')], [['', '24', '5.29']]],
    [
      'the same attribute twice',
      [groupingBy('project_id'), groupingBy('project_id')],
      [
        ['alpha', 'alpha', '3', '4.75'],
        ['beta', 'beta', '21', '0.54'],
      ],
    ],
    [
      'the day of the year and type',
      [{ by: 'calendar', name: 'day_of_the_year' }, { by: 'type' }],
      [
        ['152', 'instance', '4', '5.25'],
        ['153', 'volume', '20', '0.04'],
      ],
    ],
  ])('sums by %s', async (_name, groupby, rows) => {
    await using store = await open()
    await store.write(1, cloud)
    const total = await store.total(query({ groupby }), EVERYTHING)
    expect(table(total)).toEqual(rows)
    expect(total.total).toBe(rows.length)
    expect(total.rows.every(({ begin, end }) => begin === JUNE && end === JUNE + 30 * DAY)).toBe(true)
  })

  test('time gives buckets of a grid, by groups first and then by time, without empty ones', async () => {
    await using store = await open()
    await store.write(1, cloud)
    const hourly = await store.total(query({ buckets: EVERY_HOUR }), EVERYTHING)
    expect(timeTable(hourly)).toEqual([
      [0, '2', '2.75'],
      [1, '2', '2.5'],
      [24, '20', '0.04'],
    ])
    expect(hourly.rows.map(({ begin, end }) => end - begin)).toEqual([HOUR, HOUR, HOUR])
    const byProject = { groupby: [groupingBy('project_id')], buckets: { seconds: DAY, origin: 0 } }
    const daily = await store.total(query({ ...byProject, begin: JUNE + 60 }), EVERYTHING)
    expect(timeTable(daily)).toEqual([
      [0, 'alpha', '1', '2'],
      [0, 'beta', '1', '0.5'],
      [24, 'beta', '20', '0.04'],
    ])
    expect(daily.total).toBe(3)
    for (const origin of [0, JUNE + 1, -1, JUNE + 100 * DAY]) {
      const odd = await store.total(query({ buckets: { seconds: 7 * HOUR, origin } }), EVERYTHING)
      expect(odd.rows.every(({ begin }) => (begin - origin) % (7 * HOUR) === 0)).toBe(true)
      expect(odd.total).toBeGreaterThan(1)
      expect(odd.rows.every(({ begin, end }) => end - begin === 7 * HOUR)).toBe(true)
    }
  })

  test('a period is its own bucket, on whatever grid its scope is rated', async () => {
    await using store = await open()
    const week = (scopeId: string, begin: number, quantity: string) =>
      point(series({ scopeId }), { begin, end: begin + 7 * DAY, quantity, price: '1' })
    const [sunday, monday] = [JUNE - DAY, JUNE]
    await store.write(1, [
      week('alpha', sunday, '1'),
      week('alpha', sunday + 7 * DAY, '2'),
      week('beta', monday, '4'),
      week('beta', monday + 7 * DAY, '8'),
      // Neither lasts a week: they are in the weeks that they begin in.
      point(series(), { begin: monday + 3 * DAY, quantity: '16' }),
      point(series(), { begin: monday + 6 * DAY, end: monday + 20 * DAY, quantity: '32' }),
    ])
    const weekly = (groupby: Grouping[]) =>
      store.total(query({ begin: sunday, groupby, buckets: { seconds: 7 * DAY, origin: sunday } }), EVERYTHING)
    expect(timeTable(await weekly([]))).toEqual([
      [-24, '17', '1'],
      [0, '4', '1'],
      [6 * 24, '34', '1'],
      [7 * 24, '8', '1'],
    ])
    expect(timeTable(await weekly([groupingBy('project_id')]))).toEqual([
      [-24, 'alpha', '17', '1'],
      [6 * 24, 'alpha', '34', '1'],
      [0, 'beta', '4', '1'],
      [7 * 24, 'beta', '8', '1'],
    ])
  })

  test('points before 1970 fall into buckets and days like all others', async () => {
    await using store = await open()
    await store.write(1, [point(series(), { begin: -1, end: 60 }), point(series(), { begin: 0 })])
    const old = { begin: -10 * DAY, end: DAY }
    const hourly = await store.total(query({ ...old, buckets: EVERY_HOUR }), EVERYTHING)
    expect(hourly.rows.map(({ begin }) => begin)).toEqual([-HOUR, 0])
    const yearly = await store.total(query({ ...old, groupby: [{ by: 'calendar', name: 'year' }] }), EVERYTHING)
    expect(table(yearly).map(([year]) => year)).toEqual(['1969', '1970'])
  })

  test.each([
    ['2024-01-06T23:59:59Z', '6', '00', '1', '2024'],
    ['2024-01-07T00:00:00Z', '7', '01', '1', '2024'],
    ['2023-01-01T00:00:00Z', '1', '01', '1', '2023'],
    ['2024-12-31T12:00:00Z', '366', '52', '12', '2024'],
    ['2000-12-31T12:00:00Z', '366', '53', '12', '2000'],
    ['2026-06-01T00:00:00Z', '152', '22', '6', '2026'],
  ])('the calendar of %s is as CloudKitty’s collectors write it', async (when, ...calendar) => {
    await using store = await open()
    const begin = Date.parse(when) / 1000
    await store.write(1, [point(series(), { begin })])
    const groupby = CALENDAR.map((name): Grouping => ({ by: 'calendar', name }))
    const range = { begin: begin - DAY, end: begin + DAY }
    expect(table(await store.total(query({ ...range, groupby, values: [] }), EVERYTHING))).toEqual([calendar])
    for (const [i, name] of CALENDAR.entries()) {
      const count = async (text: string) =>
        (await store.retrieve(query({ ...range, attributes: new Map([[name, [text]]]) }), EVERYTHING)).total
      expect([await count(calendar[i]!), await count('nothing')]).toEqual([1, 0])
    }
  })

  test.each([
    ['UTC', '2026-03-28T23:30:00Z', '87', '12', '3', '2026'],
    ['Europe/Berlin', '2026-03-28T22:59:59Z', '87', '12', '3', '2026'],
    ['Europe/Berlin', '2026-03-28T23:00:00Z', '88', '13', '3', '2026'],
    // This day has 23 hours in Berlin: it ends at 22:00 UTC.
    ['Europe/Berlin', '2026-03-29T21:59:59Z', '88', '13', '3', '2026'],
    ['Europe/Berlin', '2026-03-29T22:00:00Z', '89', '13', '3', '2026'],
    // And this one has 25, and ends at 23:00.
    ['Europe/Berlin', '2026-10-24T22:00:00Z', '298', '43', '10', '2026'],
    ['Europe/Berlin', '2026-10-25T22:59:59Z', '298', '43', '10', '2026'],
    ['Europe/Berlin', '2026-10-25T23:00:00Z', '299', '43', '10', '2026'],
    ['Europe/Berlin', '2026-12-31T23:00:00Z', '1', '00', '1', '2027'],
    ['America/New_York', '2027-01-01T04:59:59Z', '365', '52', '12', '2026'],
    ['Asia/Kolkata', '2026-06-30T18:29:59Z', '181', '26', '6', '2026'],
    ['Asia/Kolkata', '2026-06-30T18:30:00Z', '182', '26', '7', '2026'],
    // The clocks of Samoa left out 2011-12-30.
    ['Pacific/Apia', '2011-12-30T09:59:59Z', '363', '52', '12', '2011'],
    ['Pacific/Apia', '2011-12-30T10:00:00Z', '365', '52', '12', '2011'],
  ])('the calendar of %s has %s on its own day', async (name, when, ...calendar) => {
    await using store = await open()
    const begin = Date.parse(when) / 1000
    await store.write(1, [point(series(), { begin })])
    const groupby = CALENDAR.map((each): Grouping => ({ by: 'calendar', name: each }))
    const zone = TimeZone.named(name)!
    // Ranges with a few changes of clocks and with none.
    for (const reach of [400 * DAY, 1]) {
      const range = { begin: begin - reach + 1, end: begin + reach, zone }
      expect(table(await store.total(query({ ...range, groupby, values: [] }), EVERYTHING))).toEqual([calendar])
      const attributes = new Map(CALENDAR.map((each, i) => [each, [calendar[i]!]]))
      expect((await store.retrieve(query({ ...range, attributes }), EVERYTHING)).total).toBe(1)
      attributes.set('month', ['nothing'])
      expect((await store.retrieve(query({ ...range, attributes }), EVERYTHING)).total).toBe(0)
    }
  })

  test('a point with a calendar attribute of its own is grouped and found by that, all others by their begin', async () => {
    await using store = await open()
    const own = (groupby: Attributes, metadata: Attributes = {}) =>
      series({ groupby: { id: 'vm-1', project_id: 'alpha', ...groupby }, metadata })
    await store.write(1, [
      point(series(), { quantity: '1' }),
      point(own({ month: '13' }), { quantity: '2' }),
      point(series({ metadata: { month: 'May', flavor: 'small' } }), { quantity: '4' }),
      point(own({ month: '13' }, { month: 'May' }), { quantity: '8' }),
      point(series({ metadata: { month: '' } }), { quantity: '16' }),
    ])
    const asked = async (groupby: Grouping[], attributes = new Map<string, string[]>()) =>
      table(await store.total(query({ groupby, attributes }), EVERYTHING)).map((row) =>
        row.slice(0, groupby.length + 1),
      )
    const month: Grouping = { by: 'calendar', name: 'month' }
    expect(await asked([month])).toEqual([
      ['13', '10'],
      ['6', '17'],
      ['May', '4'],
    ])
    expect(await asked([{ by: 'calendar', name: 'year' }, month])).toEqual([
      ['2026', '13', '10'],
      ['2026', '6', '17'],
      ['2026', 'May', '4'],
    ])
    expect(await asked([], new Map([['month', ['13', 'May']]]))).toEqual([['14']])
    expect(
      await asked(
        [],
        new Map([
          ['month', ['6']],
          ['project_id', ['alpha']],
        ]),
      ),
    ).toEqual([['17']])
    expect(await asked([{ by: 'type' }], new Map([['month', ['5']]]))).toEqual([])
    const { points } = await store.retrieve(query({ attributes: new Map([['month', ['May']]]) }), EVERYTHING)
    expect(points.map(({ quantity }) => quantity.toString())).toEqual(['4'])
  })

  test('all of time may be grouped by a local calendar, before and after daylight saving is known', async () => {
    await using store = await open()
    const begins = ['1800-07-01', '1970-01-01', '2026-07-01', '2099-07-01', '2200-07-01'].map(
      (day) => Date.parse(day) / 1000,
    )
    await store.write(
      1,
      begins.map((begin) => point(series(), { begin: begin - 1.5 * HOUR })),
    )
    const range = { begin: -1e11, end: 1e11, zone: TimeZone.named('Europe/Berlin')! }
    const groupby: Grouping[] = [
      { by: 'calendar', name: 'year' },
      { by: 'calendar', name: 'month' },
    ]
    expect(table(await store.total(query({ ...range, groupby, values: [] }), EVERYTHING))).toEqual([
      ['1800', '6'],
      ['1969', '12'],
      ['2026', '7'],
      ['2099', '7'],
      ['2200', '6'],
    ])
  })

  test.each<[string, Partial<PointFilter>, string | undefined]>([
    ['a type', { types: ['volume'] }, '20'],
    ['either type', { types: ['volume', 'instance'] }, '24'],
    ['a type that nothing has', { types: ['image'] }, undefined],
    ['the type as an attribute', { attributes: new Map([['type', ['volume']]]) }, '20'],
    ['the unit', { attributes: new Map([['unit', ['GiB']]]) }, '20'],
    ['a groupby attribute', { attributes: new Map([['project_id', ['beta']]]) }, '21'],
    ['a metadata attribute', { attributes: new Map([['flavor', ['small']]]) }, '2'],
    ['alternatives', { attributes: new Map([['id', ['vm-2', 'vm-3', 'x']]]) }, '2'],
    [
      'several attributes, which must all match',
      {
        attributes: new Map([
          ['project_id', ['beta']],
          ['flavor', ['small', 'large']],
        ]),
      },
      '1',
    ],
    ['no value at all', { attributes: new Map([['flavor', []]]) }, undefined],
    ['an absent attribute', { attributes: new Map([['flavor', ['']]]) }, '20'],
    ['an absent attribute or another', { attributes: new Map([['flavor', ['', 'small']]]) }, '22'],
    ['the begin, half-open', { begin: JUNE, end: JUNE + HOUR }, '2'],
    ['the begin, to the second', { begin: JUNE + 1, end: JUNE + HOUR + 1 }, '2'],
    ['an empty range', { begin: JUNE, end: JUNE }, undefined],
    ['an inverted range', { begin: JUNE + DAY, end: JUNE }, undefined],
  ])('filters by %s', async (_name, filter, quantity) => {
    await using store = await open()
    await store.write(1, cloud)
    const total = await store.total(query(filter), EVERYTHING)
    expect(total.rows.map(({ values }) => String(values[0]))).toEqual(quantity === undefined ? [] : [quantity])
    const grouped = await store.total(query({ ...filter, groupby: [{ by: 'type' }, groupingBy('id')] }), EVERYTHING)
    const sum = grouped.rows.reduce((all, { values }) => all + Number(values[0]), 0)
    expect(sum).toBe(Number(quantity ?? 0))
  })

  test('pages are cut from one order, and the total counts the groups before paging', async () => {
    await using store = await open()
    await store.write(
      1,
      Array.from({ length: 25 }, (_, i) => point(series({ groupby: { id: `vm-${i}` } }), { quantity: `${i}` })),
    )
    const ids = Array.from({ length: 25 }, (_, i) => `vm-${i}`).sort()
    const pageOf = async (offset: number, limit: number | undefined) => {
      const total = await store.total(query({ groupby: [groupingBy('id')], offset, limit }), EVERYTHING)
      expect(total.total).toBe(25)
      return total.rows.map(({ groups }) => groups[0])
    }
    expect(await pageOf(0, undefined)).toEqual(ids)
    expect(await pageOf(0, 10)).toEqual(ids.slice(0, 10))
    expect(await pageOf(20, 10)).toEqual(ids.slice(20))
    expect(await pageOf(25, 10)).toEqual([])
    expect(await pageOf(5, 0)).toEqual([])
  })

  test('all value functions, of both columns, in the order they were asked for', async () => {
    await using store = await open()
    await store.write(1, [
      point(series(), { begin: JUNE + HOUR, quantity: '-4', price: '1' }),
      point(series(), { begin: JUNE, quantity: '2', price: '0.1' }),
      point(series({ scopeId: 'beta' }), { begin: JUNE, quantity: '1', price: '0.3' }),
      point(series({ scopeId: 'beta' }), { begin: JUNE + HOUR, quantity: '5', price: '0.7' }),
    ])
    const values = VALUE_FUNCTIONS.flatMap((name) => [
      { function: name, column: 'qty' as const, alias: `${name}_qty` },
      { function: name, column: 'price' as const, alias: `${name}_price` },
    ])
    const total = await store.total(query({ values }), EVERYTHING)
    expect(Object.fromEntries(values.map(({ alias }, i) => [alias, String(total.rows[0]!.values[i])]))).toEqual({
      sum_qty: '4',
      sum_price: '2.1',
      min_qty: '-4',
      min_price: '0.1',
      max_qty: '5',
      max_price: '1',
      mean_qty: '1',
      mean_price: '0.525',
      count_qty: '4',
      count_price: '4',
      // Of several points with the first or last begin: the smallest, the largest.
      first_qty: '1',
      first_price: '0.1',
      last_qty: '5',
      last_price: '1',
    })
    const reversed = await store.total(query({ values: values.toReversed() }), EVERYTHING)
    expect(texts(reversed.rows[0]!.values)).toEqual(texts(total.rows[0]!.values.toReversed()))
  })
}

function attributes(open: Open): void {
  const ODD = [
    ['simple', 'value'],
    ["it's", "O'Neil; DROP TABLE points --"],
    ['double"quote', '"quoted"'],
    ['a.b.c', 'x.y'],
    ['$1', '$2'],
    ['{name:String}', '{}'],
    ['?', '??'],
    ['back\\slash', '\\\'"\\n'],
    ['100%_', '%_'],
    ['ключ', 'значение'],
    ['🔑', '👨‍👩‍👧‍👦 𝄞'],
    [' ', ' spaced  out '],
    ['new\nline', 'tab\tnew\nline\r'],
    ['__proto__', '__proto__'],
    ['constructor', 'toString'],
    ['nul', 'a\u0000b'],
  ] as const

  test.each(ODD)('the attribute %j = %j is kept, filtered and grouped by as it is', async (name, text) => {
    await using store = await open()
    const own = series({
      groupby: Object.fromEntries([
        [name, text],
        ['id', '1'],
      ]),
      metadata: { note: text },
    })
    const other = series({ groupby: { id: '2' }, type: text })
    await store.write(1, [point(own, { quantity: '3' }), point(other)])
    const filtered = await store.retrieve(query({ attributes: new Map([[name, [text]]]) }), EVERYTHING)
    expect(filtered.points.map(({ series }) => series)).toEqual([own])
    const grouped = await store.total(query({ groupby: [groupingBy(name), { by: 'type' }] }), EVERYTHING)
    expect(table(grouped)).toEqual([
      ['', text, '1', '0'],
      [text, 'instance', '3', '0'],
    ])
    expect((await store.total(query({ types: [text] }), EVERYTHING)).total).toBe(1)
    const noted = query({ attributes: new Map([['note', [text]]]), groupby: [groupingBy('note')] })
    expect(table(await store.total(noted, EVERYTHING))).toEqual([[text, '3', '0']])
  })

  test('an attribute with the empty name is one like all others', async () => {
    await using store = await open()
    await store.write(1, [point(series({ groupby: { '': 'x', id: '' } }))])
    const groupby = [groupingBy(''), groupingBy('id')]
    expect(table(await store.total(query({ groupby }), EVERYTHING))).toEqual([['x', '', '1', '0']])
  })

  test.each<AttributeValue>([
    0,
    42,
    -1.5,
    1e21,
    new PythonNumber('8.0'),
    new PythonNumber('1e-05'),
    new PythonNumber('123456789012345678901'),
    true,
    false,
    null,
    '',
    'None',
    [],
    [1, 'two', [null]],
    [new PythonNumber('2.0'), { a: new PythonNumber('1e+16') }, '3.0'],
    {},
    { b: { c: [true] }, a: 1 },
  ])('the JSON value %j comes back as what it was, and is filtered and grouped by its text', async (value) => {
    await using store = await open()
    const own = series({ groupby: { id: '1', given: value }, metadata: { given: 'hidden by groupby', meta: value } })
    await store.write(1, [point(own)])
    const { points } = await store.retrieve(query(), EVERYTHING)
    expect(points.map(({ series }) => series)).toEqual([own])
    const text = attributeText(value)
    for (const name of ['given', 'meta']) {
      const total = await store.total(
        query({ attributes: new Map([[name, [text]]]), groupby: [groupingBy(name)] }),
        EVERYTHING,
      )
      expect(table(total)).toEqual([[text, '1', '0']])
    }
  })

  test('groups ascend by code point', async () => {
    await using store = await open()
    const names = ['a', 'Z', 'é', '\uffee', '😀', '', '10', '9', ' ', 'aa', 'ä', 'z']
    await store.write(
      1,
      names.map((id) => point(series({ groupby: { id } }))),
    )
    const total = await store.total(query({ groupby: [groupingBy('id')] }), EVERYTHING)
    expect(total.rows.map(({ groups }) => groups[0])).toEqual(
      names.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))),
    )
  })

  test('series that differ in type, unit, groupby or metadata only are told apart', async () => {
    await using store = await open()
    const different = [
      series(),
      series({ type: 'volume' }),
      series({ unit: 'GiB' }),
      series({ metadata: { flavor: 'x' } }),
      series({ groupby: { id: 'vm-1', project_id: 'alpha', flavor: 'x' } }),
      series({ groupby: { id: 1, project_id: 'alpha' } }),
      series({ groupby: { id: '1', project_id: 'alpha' } }),
      series({ groupby: { id: new PythonNumber('1.0'), project_id: 'alpha' } }),
      series({ groupby: { id: '1.0', project_id: 'alpha' } }),
      series({ groupby: { id: ['#', '1.0'], project_id: 'alpha' } }),
      series({ groupby: { id: null, project_id: 'alpha' } }),
      series({ groupby: { id: '', project_id: 'alpha' } }),
    ]
    await store.write(
      1,
      different.map((of) => point(of)),
    )
    const { points } = await store.retrieve(query(), EVERYTHING)
    expect(new Set(points.map(({ series }) => series.id)).size).toBe(different.length)
  })

  test('the order of an object’s keys does not make another series', async () => {
    await using store = await open()
    await store.write(1, [point(series({ groupby: { a: 1, b: { c: 1, d: 2 } } }))])
    await store.write(2, [point(series({ groupby: { b: { d: 2, c: 1 }, a: 1 } }))])
    const { points } = await store.retrieve(query(), EVERYTHING)
    expect(new Set(points.map(({ series }) => series.id)).size).toBe(1)
  })

  test('two series with one id are refused, and the batch leaves nothing', async () => {
    await using store = await open()
    const own = series()
    const false1 = { ...series({ type: 'volume' }), id: own.id }
    await expect(store.write(1, [point(own), point(false1)])).rejects.toMatchObject({
      code: 'storage.series_collision',
    })
    await store.write(2, [point(own)])
    await expect(store.write(3, [point(false1)])).rejects.toMatchObject({ code: 'storage.series_collision' })
    expect((await store.retrieve(query(), EVERYTHING)).points.map(({ series }) => series)).toEqual([own])
  })
}

function retrieval(open: Open): void {
  test('points come back as they were written, rules and all', async () => {
    await using store = await open()
    const points = [
      point(series(), { quantity: '0.000000000000000001', price: '123456789.123456789123456789', rules: ['r1', 'r2'] }),
      point(series(), {
        begin: JUNE + 5,
        end: JUNE + 7,
        quantity: '12345678901234567890.5',
        price: '-1',
        rules: ['r2'],
      }),
      point(series({ type: 'volume', metadata: { deep: { list: [1, null] } } }), { begin: JUNE + DAY }),
    ]
    await store.write(7, points)
    const retrieved = await store.retrieve(query(), EVERYTHING)
    expect(retrieved.total).toBe(3)
    expect(retrieved.points.map(plain)).toEqual(points.map(plain))
  })

  test('pages of any size put together are the whole, in the order of begin, end, type, scope, series', async () => {
    await using store = await open()
    const points = Array.from({ length: 120 }, (_, i) =>
      point(series({ type: `t${i % 3}`, scopeId: `s${i % 4}`, groupby: { id: `${i % 11}` } }), {
        begin: JUNE + (i % 5) * HOUR,
        end: JUNE + (i % 5) * HOUR + (i % 2) + 1,
        quantity: `${i}`,
      }),
    )
    for (let batch = 0; batch < 4; batch++) await store.write(batch + 1, points.slice(batch * 30, batch * 30 + 30))
    const whole = await store.retrieve(query(), EVERYTHING)
    const keys = whole.points.map(
      ({ begin, end, series }) => [begin, end, series.type, series.scopeId, series.id] as const,
    )
    expect(keys).toEqual(keys.toSorted(byKey))
    expect(whole.total).toBe(120)
    for (const limit of [1, 7, 30, 119, 120, 500]) {
      const pages: Point[] = []
      for (let offset = 0; offset < 120; offset += limit) {
        const page = await store.retrieve(query({ offset, limit }), EVERYTHING)
        expect(page.total).toBe(120)
        pages.push(...page.points)
      }
      expect(pages.map(plain)).toEqual(whole.points.map(plain))
    }
    expect(await store.retrieve(query({ offset: 120, limit: 5 }), EVERYTHING)).toEqual({ total: 120, points: [] })
    expect(await store.retrieve(query({ limit: 0 }), EVERYTHING)).toEqual({ total: 120, points: [] })
  })

  test('a stream gives what retrieve gives, and can be left early', async () => {
    await using store = await open()
    const points = Array.from({ length: 5000 }, (_, i) => point(series({ type: `t${i % 7}` }), { quantity: `${i}` }))
    await store.write(1, points)
    const streamed: Point[] = []
    for await (const list of store.stream(query(), EVERYTHING)) streamed.push(...list)
    expect(streamed.map(plain)).toEqual((await store.retrieve(query(), EVERYTHING)).points.map(plain))
    for (let i = 0; i < 20; i++) {
      for await (const list of store.stream(query(), EVERYTHING)) {
        expect(list.length).toBeGreaterThan(0)
        break
      }
    }
    expect((await store.retrieve(query({ limit: 1 }), EVERYTHING)).total).toBe(5000)
  })
}

function exactness(open: Open): void {
  const LARGEST = '99999999999999999999.999999999999999999'

  test.each([
    '0',
    '0.1',
    '0.000000001',
    '0.0000000001',
    '0.000000000000000001',
    '-0.000000000000000001',
    '9223372036.854775807',
    '9223372036.854775808',
    '-9223372036.854775808',
    '9223372036854775807.5',
    '123456789012345678.123456789012345678',
    LARGEST,
    `-${LARGEST}`,
  ])('%s comes back to the last digit, alone and summed', async (text) => {
    await using store = await open()
    await store.write(1, [
      point(series(), { quantity: text, price: '0.000000000000000003' }),
      point(series(), { quantity: '0', price: text }),
    ])
    const { points } = await store.retrieve(query(), EVERYTHING)
    expect(points.map(({ quantity }) => String(quantity)).toSorted()).toEqual(['0', text].toSorted())
    const values = (['sum', 'min', 'max'] as const).map((name) => ({
      function: name,
      column: 'qty' as const,
      alias: name,
    }))
    const total = await store.total(query({ values: [...values, SUMS[1]!] }), EVERYTHING)
    const [sum, min, max, price] = total.rows[0]!.values
    expect(String(sum)).toBe(text)
    expect([String(min), String(max)]).toEqual(text.startsWith('-') ? [text, '0'] : ['0', text])
    const expected = new Decimal(BigInt(toUnits(text)) + 3n, 18)
    expect(String(price)).toBe(String(expected))
  })

  test('a sum of many tenths has no rounding error', async () => {
    await using store = await open()
    await store.write(
      1,
      Array.from({ length: 10_000 }, () => point(series(), { quantity: '0.1', price: '0.000000000000000007' })),
    )
    expect(table(await store.total(query(), EVERYTHING))).toEqual([['1000', '0.00000000000007']])
  })

  test('a sum may be larger than any point, and is exact', async () => {
    await using store = await open()
    await store.write(
      1,
      Array.from({ length: 1000 }, () => point(series(), { quantity: LARGEST, price: `-${LARGEST}` })),
    )
    const sum = '99999999999999999999999.999999999999999'
    expect(table(await store.total(query({ groupby: [groupingBy('id')] }), EVERYTHING))).toEqual([
      ['vm-1', sum, `-${sum}`],
    ])
  })

  test('a mean is cut half-even at the eighteenth digit', async () => {
    await using store = await open()
    await store.write(1, [
      ...['1', '0', '0'].map((quantity) => point(series({ type: 'third' }), { quantity })),
      ...['0.000000000000000001', '0'].map((quantity) => point(series({ type: 'half of one' }), { quantity })),
      ...['0.000000000000000003', '0'].map((quantity) => point(series({ type: 'half of three' }), { quantity })),
    ])
    const values = [{ function: 'mean', column: 'qty', alias: 'mean' } as const]
    expect(table(await store.total(query({ values, groupby: [{ by: 'type' }] }), EVERYTHING))).toEqual([
      ['half of one', '0'],
      ['half of three', '0.000000000000000002'],
      ['third', '0.333333333333333333'],
    ])
  })

  test('digits after the eighteenth are cut half-even', async () => {
    await using store = await open()
    await store.write(1, [point(series(), { quantity: '0.0000000000000000015', price: '0.0000000000000000025' })])
    expect(table(await store.total(query(), EVERYTHING))).toEqual([['0.000000000000000002', '0.000000000000000002']])
  })

  test.each(['100000000000000000000', '-100000000000000000000', '1e40'])(
    '%s does not fit and is refused; nothing of its batch stays, and writing goes on',
    async (text) => {
      await using store = await open()
      const bad = [point(series()), point(series({ type: 'new' }), { price: text })]
      await expect(store.write(1, bad)).rejects.toMatchObject({ code: 'storage.out_of_range' })
      await expect(store.writeSamples(1, [sample('cpu', JUNE, text, {})])).rejects.toMatchObject({
        code: 'storage.out_of_range',
      })
      expect((await store.total(query(), EVERYTHING)).total).toBe(0)
      await store.write(2, [point(series({ type: 'new' })), point(series())])
      expect(table(await store.total(query({ groupby: [{ by: 'type' }] }), EVERYTHING))).toEqual([
        ['instance', '1', '0'],
        ['new', '1', '0'],
      ])
    },
  )
}

function deletion(open: Open): void {
  test('deleting batches removes their points and samples, those only, and again is harmless', async () => {
    await using store = await open()
    for (const batch of [1, 2, 3]) {
      await store.write(batch, [point(series(), { quantity: `${batch}` })])
      await store.writeSamples(batch, [sample('cpu', JUNE + batch, '1', { project_id: `p${batch}` })])
    }
    expect(await store.count(2)).toEqual({ points: 1, samples: 1 })
    for (let i = 0; i < 2; i++) {
      await store.deleteBatches([2, 77])
      expect(await store.count(2)).toEqual({ points: 0, samples: 0 })
      expect(table(await store.total(query(), EVERYTHING))).toEqual([['4', '0']])
      expect(await store.sampleScopes('project_id', EVERYTHING, never)).toEqual(['p1', 'p3'])
    }
    await store.write(2, [point(series(), { quantity: '10' })])
    expect(table(await store.total(query(), EVERYTHING))).toEqual([['14', '0']])
  })

  test('deleting tombstones removes what they hide, and nothing else; again is harmless', async () => {
    await using store = await open()
    const points = ['alpha', 'beta'].flatMap((scopeId) =>
      [0, 1, 2].map((hour) => point(series({ scopeId }), { begin: JUNE + hour * HOUR })),
    )
    await store.write(1, points)
    await store.write(2, points)
    const tombstones: Tombstone[] = [
      { scopeId: 'alpha', begin: JUNE + HOUR, end: JUNE + 2 * HOUR, upTo: 1 },
      { scopeId: 'beta', begin: JUNE + 2 * HOUR, end: undefined, upTo: 2 },
      { scopeId: 'nobody', begin: 0, end: undefined, upTo: 9 },
    ]
    const hourly = query({ groupby: [groupingBy('project_id')], buckets: EVERY_HOUR })
    const hidden = timeTable(await store.total(hourly, { ...EVERYTHING, tombstones }))
    for (let i = 0; i < 2; i++) {
      await store.deleteTombstones(tombstones)
      expect(timeTable(await store.total(hourly, EVERYTHING))).toEqual(hidden)
    }
    expect(hidden.map(([hour, scope, quantity]) => [hour, scope, quantity])).toEqual([
      [0, 'alpha', '2'],
      [1, 'alpha', '1'],
      [2, 'alpha', '2'],
      [0, 'beta', '2'],
      [1, 'beta', '2'],
    ])
  })
}

function retention(open: Open): void {
  const MAY = JUNE - 31 * DAY
  const begins = async (store: PointStore) =>
    (await store.retrieve(query({ begin: 0 }), EVERYTHING)).points.map(({ begin }) => (begin - JUNE) / HOUR)
  const sampleSums = async (store: PointStore) => {
    const periods: Period[] = [MAY, JUNE - DAY, JUNE].map((begin) => ({ begin, end: begin + DAY }))
    const asked: SampleQuery[] = periods.map((period) => ({
      name: 'cpu',
      method: 'sum',
      labels: [],
      scopeKey: 'project_id',
      scopes: ['alpha'],
      periods: [period],
    }))
    const answers = await Promise.all(asked.map((each) => store.readSamples(each, EVERYTHING, never)))
    return answers.map((values) => values.map(({ value }) => String(value)).join(' '))
  }

  test('what begins before a bound is gone, whatever batch it is of; what begins at it stays; again is harmless', async () => {
    await using store = await open()
    const at = [MAY - 31 * DAY, MAY, MAY + DAY, JUNE - HOUR, JUNE, JUNE + HOUR, JUNE + 5 * DAY]
    for (const batch of [1, 2])
      await store.write(batch, [
        ...at.map((begin) => point(series(), { begin })),
        point(series(), { begin: MAY - 1, end: JUNE + DAY }),
      ])
    const keep = { points: JUNE + HOUR, samples: 0 }
    expect(await store.dropBefore(keep)).toEqual({ points: 12, samples: 0 })
    expect(await begins(store)).toEqual([1, 1, 120, 120])
    expect(await store.dropBefore(keep)).toEqual({ points: 0, samples: 0 })
    expect(await begins(store)).toEqual([1, 1, 120, 120])
  })

  test('points and samples go by bounds of their own', async () => {
    await using store = await open()
    const labels = { project_id: 'alpha' }
    await store.write(1, [point(series(), { begin: MAY }), point(series())])
    await store.writeSamples(1, [sample('cpu', MAY, '1', labels), sample('cpu', JUNE - 1, '2', labels)])
    await store.writeSamples(2, [sample('cpu', JUNE - 2, '4', labels), sample('cpu', JUNE, '8', labels)])
    expect(await store.dropBefore({ points: MAY, samples: JUNE - 1 })).toEqual({ points: 0, samples: 2 })
    expect(await sampleSums(store)).toEqual(['', '2', '8'])
    expect(await begins(store)).toEqual([-31 * 24, 0])
    expect(await store.dropBefore({ points: JUNE, samples: MAY })).toEqual({ points: 1, samples: 0 })
    expect(await sampleSums(store)).toEqual(['', '2', '8'])
    expect(await store.firstSampleAt(EVERYTHING, never)).toBe(JUNE - 1)
  })

  test('series, labels and rules of which everything was dropped come back with the next point', async () => {
    await using store = await open()
    const [gone, kept] = [series({ groupby: { id: 'gone' } }), series({ groupby: { id: 'kept' } })]
    const labels = { project_id: 'alpha', id: 'gone' }
    const shown = async () => {
      const { points } = await store.retrieve(query({ begin: 0 }), EVERYTHING)
      return points.map(({ series: of, rules }) => [of.groupby['id'], ...rules])
    }
    const groupby = [groupingBy('id')]
    for (let round = 0; round < 3; round++) {
      await store.write(1, [point(gone, { begin: MAY, rules: ['a', 'b'] })])
      await store.writeSamples(1, [sample('cpu', MAY, '1', labels)])
      if (round === 0) await store.write(1, [point(kept, { rules: ['c'] })])
      expect(await shown()).toEqual([
        ['gone', 'a', 'b'],
        ['kept', 'c'],
      ])
      expect(table(await store.total(query({ begin: 0, groupby }), EVERYTHING))).toEqual([
        ['gone', '1', '0'],
        ['kept', '1', '0'],
      ])
      // More than once: what a first call only marks, a later one may remove.
      for (let i = 0; i < 3; i++) await store.dropBefore({ points: JUNE, samples: JUNE })
      expect(await shown()).toEqual([['kept', 'c']])
      expect(await store.sampleScopes('id', EVERYTHING, never)).toEqual([])
    }
  })

  test('a reader that is in the middle of the points goes on, whatever is dropped and written beside it', async () => {
    await using store = await open()
    const of = Array.from({ length: 6000 }, (_, i) => series({ groupby: { id: `vm-${i}` } }))
    await store.write(
      1,
      of.map((each) => point(each, { begin: MAY })),
    )
    const ids = new Set<unknown>()
    for await (const points of store.stream(query({ begin: 0 }), EVERYTHING)) {
      for (const { series: each } of points) ids.add(each.groupby['id'])
      for (let i = 0; i < 2; i++) await store.dropBefore({ points: JUNE, samples: JUNE })
      await store.write(2, [point(of[ids.size % 6000]!)])
    }
    expect(ids.size).toBe(6000)
  })

  test('the newest batch is known, and what is above a batch can be removed', async () => {
    await using store = await open()
    expect(await store.highestBatch()).toBe(0)
    const labels = { project_id: 'alpha' }
    for (const batch of [3, 5, 7]) await store.write(batch, [point(series(), { quantity: `${batch}` })])
    expect(await store.highestBatch()).toBe(7)
    for (const batch of [4, 9]) await store.writeSamples(batch, [sample('cpu', JUNE, `${batch}`, labels)])
    expect(await store.highestBatch()).toBe(9)
    for (let i = 0; i < 2; i++) {
      await store.deleteBatchesAbove(5)
      expect(table(await store.total(query(), EVERYTHING))).toEqual([['8', '0']])
      expect(await sampleSums(store)).toEqual(['', '', '4'])
      expect(await store.highestBatch()).toBe(5)
    }
  })
}

function samples(open: Open): void {
  const periods: Period[] = [0, 1, 2].map((i) => ({ begin: JUNE + i * HOUR, end: JUNE + (i + 1) * HOUR }))
  const ask = (method: SampleMethod, given: Partial<SampleQuery> = {}): SampleQuery => ({
    name: 'cpu',
    method,
    labels: ['id'],
    scopeKey: 'project_id',
    scopes: ['alpha', 'beta'],
    periods,
    ...given,
  })
  const show = async (store: PointStore, asked: SampleQuery, snapshot = EVERYTHING) =>
    (await store.readSamples(asked, snapshot, never)).map(
      ({ period, labels, value }) => [(period.begin - JUNE) / HOUR, ...labels, String(value)] as const,
    )
  const vm = { id: 'vm', project_id: 'alpha' }
  const at = (minutes: number, value: string, labels: Record<string, string> = vm) =>
    sample('cpu', JUNE + minutes * 60, value, labels)

  test('a mean is exact until it is a quantity', async () => {
    await using store = await open()
    await store.writeSamples(1, [at(0, '1'), at(20, '0'), at(40, '0')])
    const metric = { factor: new Fraction(27n, 10n), offset: FRACTION_ZERO, mutate: 'NONE', mutateMap: [] } as const
    for (const method of ['mean', 'time_weighted_mean'] as const) {
      const [found] = await store.readSamples(ask(method), EVERYTHING, never)
      expect(String(toQuantity(found!.value, metric))).toBe('0.9')
    }
  })

  test.each<[SampleMethod, string, string]>([
    ['sum', '6', '4'],
    ['max', '3', '4'],
    ['mean', '2', '4'],
    ['last', '2', '4'],
    // 3 for 30 minutes and 2 for 15, after 1 for 15; then 2 held for half an hour, and 4.
    ['time_weighted_mean', '2.25', '3'],
  ])('%s over each period that has samples', async (method, first, third) => {
    await using store = await open()
    await store.writeSamples(1, [at(15, '3'), at(45, '2'), at(0, '1'), at(150, '4')])
    expect(await show(store, ask(method))).toEqual([
      [0, 'vm', first],
      [2, 'vm', third],
    ])
  })

  test('a value from before the first period counts from its begin on, when there is a sample in it', async () => {
    await using store = await open()
    await store.writeSamples(1, [at(-100, '7'), at(-200, '100'), at(30, '1')])
    await store.writeSamples(1, [at(-100, '7', { id: 'silent', project_id: 'alpha' })])
    expect(await show(store, ask('time_weighted_mean'))).toEqual([[0, 'vm', '4']])
  })

  test('several series of one group add up at each instant; nothing counts before a series’ first sample', async () => {
    await using store = await open()
    const disk = (name: string) => ({ ...vm, disk: name })
    await store.writeSamples(1, [at(0, '10', disk('a')), at(30, '20', disk('b'))])
    expect(await show(store, ask('time_weighted_mean'))).toEqual([[0, 'vm', '20']])
  })

  test('of two samples of a series at one instant, the one of the later batch holds', async () => {
    await using store = await open()
    await store.writeSamples(2, [at(0, '5')])
    await store.writeSamples(1, [at(0, '9')])
    expect(await show(store, ask('last'))).toEqual([[0, 'vm', '5']])
    expect(await show(store, ask('time_weighted_mean'))).toEqual([[0, 'vm', '5']])
    expect(await show(store, ask('sum'))).toEqual([[0, 'vm', '14']])
  })

  test('only the name, the scopes and the batches asked for count', async () => {
    await using store = await open()
    await store.writeSamples(1, [at(0, '1'), at(0, '2', { id: 'x', project_id: 'beta' })])
    await store.writeSamples(1, [at(0, '4', { id: 'y', project_id: 'gamma' }), sample('ram', JUNE, '8', vm)])
    await store.writeSamples(2, [at(0, '16')])
    const labels = ['project_id', 'absent']
    for (const method of SAMPLE_METHODS.filter((each) => each !== 'last' && each !== 'max')) {
      const value = { sum: '17', mean: '8.5', time_weighted_mean: '16' }[method]
      expect(await show(store, ask(method, { labels, scopes: ['alpha'] }))).toEqual([[0, 'alpha', '', value]])
    }
    expect(await show(store, ask('sum', { labels }), { highest: 2, hidden: [2], tombstones: [] })).toEqual([
      [0, 'alpha', '', '1'],
      [0, 'beta', '', '2'],
    ])
    expect(await show(store, ask('sum', { scopes: [] }))).toEqual([])
    expect(await show(store, ask('sum', { periods: [] }))).toEqual([])
  })

  test('scopes are the label’s values, ascending; the first sample is the earliest visible one', async () => {
    await using store = await open()
    await store.writeSamples(1, [at(5, '1', { project_id: 'zeta' }), at(6, '1', { project_id: '' }), at(7, '1', {})])
    await store.writeSamples(2, [at(3, '1', { project_id: 'alpha' }), at(9, '1', { project_id: '😀' })])
    await store.writeSamples(3, [at(1, '1', { project_id: 'pending' })])
    const snapshot = { highest: 2, hidden: [], tombstones: [] }
    expect(await store.sampleScopes('project_id', snapshot, never)).toEqual(['alpha', 'zeta', '😀'])
    expect(await store.firstSampleAt(snapshot, never)).toBe(JUNE + 180)
    expect(await store.firstSampleAt({ ...snapshot, hidden: [2] }, never)).toBe(JUNE + 300)
  })

  test('large and small values are exact', async () => {
    await using store = await open()
    await store.writeSamples(1, [at(0, '99999999999999999999.999999999999999999'), at(30, '0.000000000000000001')])
    expect(await show(store, ask('time_weighted_mean'))).toEqual([[0, 'vm', '50000000000000000000']])
    expect(await show(store, ask('mean'))).toEqual([[0, 'vm', '50000000000000000000']])
    expect(await show(store, ask('max'))).toEqual([[0, 'vm', '99999999999999999999.999999999999999999']])
  })
}

/** Random histories, held against the model. */
function anything(open: Open, histories: number): void {
  test('whatever is written, hidden, buried, deleted and asked, the answer is the model’s', async () => {
    await fc.assert(
      fc.asyncProperty(history, async (steps) => {
        await using store = await open()
        await expectAlike(steps, store, new ModelStore())
      }),
      { numRuns: histories },
    )
  })
}

function byKey(a: readonly (number | string | bigint)[], b: readonly (number | string | bigint)[]): number {
  for (const [i, part] of a.entries()) if (part !== b[i]) return part < b[i]! ? -1 : 1
  return 0
}

function toUnits(text: string): string {
  const [whole, fraction = ''] = text.split('.')
  return whole + fraction.padEnd(18, '0')
}
