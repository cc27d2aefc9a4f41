import { setImmediate as settled } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { faultIn } from '../lib/fault.ts'
import { Turns } from '../lib/turns.ts'
import type { PointStore, TotalQuery } from '../storage/point-store.ts'
import { openTestStore } from '../storage/testing/open-test-store.ts'
import { EVERYTHING, HOUR, JUNE, point, query, series, table } from '../storage/testing/points.ts'
import { type Client, FEW_ROWS, type QuestionLimits, Questions } from './questions.ts'

const SERIES = 3000
const IDS = query({ groupby: [{ by: 'attribute', name: 'id' }] })
const FEW = { ...query(), limit: FEW_ROWS }

let store: PointStore
beforeAll(async () => {
  store = await openTestStore()
  const many = Array.from({ length: SERIES }, (_, i) => series({ groupby: { id: `vm-${i}`, project_id: 'alpha' } }))
  await store.write(
    1,
    [0, 1].flatMap((hour) => many.map((of) => point(of, { begin: JUNE + hour * HOUR }))),
  )
})
afterAll(() => store?.[Symbol.asyncDispose]())

function desk(limits: Partial<QuestionLimits> = {}) {
  const turns = new Turns({ light: 2, dear: 1, waitingMax: 100, waitingOfAllMax: 100 })
  const asked = {
    total: store.total.bind(store),
    streamTotal: store.streamTotal.bind(store),
    retrieve: store.retrieve.bind(store),
    // Not every engine can tell, and each in its own measure.
    weigh: ({ groupby = [] }: Partial<TotalQuery>) => Promise.resolve(groupby.length * SERIES),
  }
  return { turns, questions: new Questions(asked, turns, { rowsMax: 1_000_000, ...limits }) }
}

function asker(client: string): Client & { leave(): void } {
  const controller = new AbortController()
  return { client, signal: controller.signal, leave: () => controller.abort(new Error('left')) }
}

test('what a client still reads makes its next question wait, and nobody else’s', async () => {
  const { questions } = desk()
  const { total, count, rows } = await questions.total(IDS, EVERYTHING, asker('a'))
  expect([total, count]).toEqual([SERIES, SERIES])
  let isAnswered = false
  const next = questions.few(FEW, EVERYTHING, asker('a')).then((answer) => {
    isAnswered = true
    return table(answer)
  })
  expect(table(await questions.few(FEW, EVERYTHING, asker('b')))).toEqual([['6000', '0']])
  await settled()
  expect(isAnswered).toBe(false)
  let read = 0
  for await (const some of rows) read += some.length
  expect(read).toBe(SERIES)
  expect(await next).toEqual([['6000', '0']])
})

test.each([
  ['before the first row', 0],
  ['in the middle', 1],
])('a client that leaves %s lets its next question come', async (_when, lists) => {
  const { questions } = desk()
  const leaving = asker('a')
  const { rows } = await questions.total(IDS, EVERYTHING, leaving)
  const reading = rows[Symbol.asyncIterator]()
  for (let i = 0; i < lists; i++) await reading.next()
  const next = questions.few(FEW, EVERYTHING, asker('a'))
  leaving.leave()
  expect((await next).total).toBe(1)
})

test('a client that leaves while it waits is not asked for', async () => {
  const { questions, turns } = desk()
  const held = await turns.take('a', new AbortController().signal)
  const leaving = asker('a')
  const waiting = questions.few(FEW, EVERYTHING, leaving)
  leaving.leave()
  await expect(waiting).rejects.toThrow('left')
  held.end()
  expect((await questions.few(FEW, EVERYTHING, asker('a'))).total).toBe(1)
})

test('more rows or points than are sent are refused, as is said, unless a page asks for few of them', async () => {
  const { questions } = desk({ rowsMax: 2000 })
  const refused = async (asked: Promise<unknown>) => faultIn(await asked.catch((error: unknown) => error))
  expect(await refused(questions.total(IDS, EVERYTHING, asker('a')))).toMatchObject({
    code: 'request.invalid',
    message: expect.stringMatching(/^The answer would have 3000 rows, and at most 2000 are sent at a time: ask for /),
  })
  expect(await refused(questions.points(query(), EVERYTHING, asker('a')))).toMatchObject({
    code: 'request.invalid',
    message: expect.stringMatching(/^The answer would have 6000 points, and at most 2000 /),
  })
  expect((await questions.total({ ...IDS, offset: 1000 }, EVERYTHING, asker('b'))).count).toBe(2000)
  expect((await questions.points(query({ limit: 2000 }), EVERYTHING, asker('c'))).total).toBe(6000)
})

test('points come page by page, and between two pages others have their turn', async () => {
  const { questions } = desk()
  const seen = new Set<string>()
  const { total, pages } = await questions.points(query(), EVERYTHING, asker('a'))
  for await (const page of pages) {
    for (const { begin, series: of } of page) seen.add(`${begin} ${of.id}`)
    expect((await questions.few(FEW, EVERYTHING, asker('a'))).total).toBe(1)
  }
  expect([total, seen.size]).toEqual([6000, 6000])
})

test('a dear question leaves the light places to others, and two of them do not run at once', async () => {
  const { questions, turns } = desk({ dearRows: SERIES })
  const dear = await turns.take('x', new AbortController().signal)
  await dear.becomeDear()
  const asked = questions.total(IDS, EVERYTHING, asker('a'))
  let isAnswered = false
  void asked.then(() => (isAnswered = true))
  for (const client of ['b', 'c', 'd']) {
    expect((await questions.few(FEW, EVERYTHING, asker(client))).total).toBe(1)
  }
  expect(isAnswered).toBe(false)
  dear.end()
  expect((await asked).count).toBe(SERIES)
})
