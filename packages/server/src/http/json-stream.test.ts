import { expect, test } from 'vitest'
import { jsonStream } from './json-stream.ts'

async function* items(count: number, onEnd: () => void = () => {}): AsyncGenerator<object> {
  try {
    for (let i = 0; i < count; i++) yield { i }
  } finally {
    onEnd()
  }
}

const read = (data: unknown) => new Response(data as ReadableStream<Uint8Array>).text()

test.each([
  [{ total: 2 }, 2, '{"total": 2, "list": [{"i": 0}, {"i": 1}]}'],
  [{}, 1, '{"list": [{"i": 0}]}'],
  [{ total: 0 }, 0, '{"total": 0, "list": []}'],
])('%j and %i items are one JSON text', async (head, count, text) => {
  expect(await read(jsonStream(head, 'list', items(count)).data)).toBe(text)
})

test('an error in the middle ends in an error, not in a shorter list', async () => {
  async function* broken() {
    yield 1
    throw new Error('the store went away')
  }
  await expect(read(jsonStream({}, 'list', broken()).data)).rejects.toThrow('the store went away')
})

/** A very long list of which the reader has the first part; `letGo` fulfils when what is read from is let go. */
async function begunList(idleMs?: number) {
  let ended: () => void
  const letGo = new Promise<void>((resolve) => (ended = resolve))
  const { data } = jsonStream(
    {},
    'list',
    items(1_000_000, () => ended()),
    idleMs,
  )
  const reader = (data as ReadableStream<Uint8Array>).getReader()
  await reader.read()
  return { reader, letGo }
}

test('a client that takes nothing any more is given up, and what is read from is let go', async () => {
  const { reader, letGo } = await begunList(5)
  await expect(reader.closed).rejects.toThrow('The answer was not taken.')
  await letGo
})

test('a client that goes away lets go of what is read from', async () => {
  const { reader, letGo } = await begunList()
  await reader.cancel()
  await letGo
})
