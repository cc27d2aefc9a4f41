import { expect, test } from 'vitest'
import { jsonStream, listText, type Nesting } from './json-stream.ts'

async function* listsOf<T>(...lists: readonly (readonly T[])[]): AsyncGenerator<readonly T[]> {
  yield* lists
}

const read = (data: unknown) => new Response(data as ReadableStream<Uint8Array>).text()
const numbers = (...lists: readonly (readonly number[])[]) => listText(listsOf(...lists), [], String)

test.each([
  [{ total: 2 }, [[0], [], [1]], '{"total": 2, "list": [0, 1]}\n'],
  [{}, [[1]], '{"list": [1]}\n'],
  [{ total: 0 }, [], '{"total": 0, "list": []}\n'],
])('%j and the lists %j are one JSON text', async (head, lists, text) => {
  expect(await read(jsonStream(head, 'list', numbers(...lists), '\n').data)).toBe(text)
})

type Item = readonly [day: number, type: string, value: number]

test('neighbours stand in lists within lists, whatever lists they came in', async () => {
  const nestings: readonly Nesting<Item>[] = [
    { isOne: ([a], [b]) => a === b, open: ([day]) => `{"day": ${day}, "usage": {`, close: '}}' },
    { isOne: ([, a], [, b]) => a === b, open: ([, type]) => `"${type}": [`, close: ']' },
  ]
  const items: readonly Item[] = [
    [1, 'a', 1],
    [1, 'a', 2],
    [1, 'b', 3],
    [2, 'b', 4],
    [3, 'b', 5],
  ]
  const wanted = [
    { day: 1, usage: { a: [1, 2], b: [3] } },
    { day: 2, usage: { b: [4] } },
    { day: 3, usage: { b: [5] } },
  ]
  for (const cut of [0, 1, 2, 3, 5]) {
    const lists = listsOf(items.slice(0, cut), items.slice(cut))
    const { data } = jsonStream(
      {},
      'days',
      listText(lists, nestings, ([, , value]) => String(value)),
    )
    expect(JSON.parse(await read(data))).toEqual({ days: wanted })
  }
})

test('an error in the middle ends in an error, not in a shorter list', async () => {
  async function* broken() {
    yield [1]
    throw new Error('the store went away')
  }
  const { data } = jsonStream({}, 'list', listText(broken(), [], String))
  await expect(read(data)).rejects.toThrow('the store went away')
})

test('a long list is read no further than it is taken, and let go when the client goes away', async () => {
  let made = 0
  let letGo: () => void
  const isLetGo = new Promise<void>((resolve) => (letGo = resolve))
  async function* endless() {
    try {
      for (;;) yield Array.from({ length: 1000 }, () => made++)
    } finally {
      letGo()
    }
  }
  const { data } = jsonStream({}, 'list', listText(endless(), [], String))
  const reader = (data as ReadableStream<Uint8Array>).getReader()
  await reader.read()
  await new Promise((resolve) => setImmediate(resolve))
  expect(made).toBeLessThan(50_000)
  await reader.cancel()
  await isLetGo
})
