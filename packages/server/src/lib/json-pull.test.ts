import fc from 'fast-check'
import { expect, test } from 'vitest'
import { JsonPull } from './json-pull.ts'

async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let i = 0; i < bytes.length; i += size) yield bytes.subarray(i, i + size)
}

function pull(text: string | Uint8Array, size = 1 << 16, valueBytesMax = 1 << 20): JsonPull {
  return new JsonPull(pieces(typeof text === 'string' ? Buffer.from(text) : text, size), { valueBytesMax })
}

/** Takes a whole document apart and puts it together again. */
async function rebuild(reader: JsonPull): Promise<unknown> {
  if (await reader.enter('array')) {
    const items: unknown[] = []
    for (let first = true; ; first = false) {
      const now = reader.itemsNow(first, 3)
      if (now.count > 0) {
        const together = JSON.parse(`[${now.text}]`) as unknown[]
        expect(together).toHaveLength(now.count)
        items.push(...together)
      } else if (await reader.nextItem(first)) items.push(await rebuild(reader))
      else return items
    }
  }
  if (await reader.enter('object')) {
    const members: [string, unknown][] = []
    for (let first = true; ; first = false) {
      const name = await reader.nextMember(first)
      if (name === undefined) return Object.fromEntries(members)
      members.push([name, await rebuild(reader)])
    }
  }
  return JSON.parse(await reader.value())
}

async function read(text: string | Uint8Array, size?: number, max?: number): Promise<unknown> {
  const reader = pull(text, size, max)
  const value = await rebuild(reader)
  await reader.end()
  return value
}

test('any document is read the same, in pieces of any size and with blanks anywhere', async () => {
  await fc.assert(
    fc.asyncProperty(fc.jsonValue(), fc.integer({ min: 1, max: 40 }), fc.boolean(), async (value, size, blanks) => {
      const text = JSON.stringify(value, null, blanks ? 2 : undefined)
      expect(await read(text, size)).toEqual(JSON.parse(text))
    }),
  )
})

test.each([
  '',
  '[1,]',
  '[,1]',
  '[1 2]',
  '{"a":1,}',
  '{"a" 1}',
  '{a:1}',
  '{"a":}',
  '[1',
  '{"a":1',
  '"abc',
  '1 2',
  '[]]',
  '{"a":1}}',
  'nul',
])('%j is refused, and never read as something else', async (text) => {
  for (const size of [1, 3, 100]) await expect(read(text, size)).rejects.toThrow(SyntaxError)
})

test('a value that is nested deeper than any client needs is refused', async () => {
  await expect(pull(`${'['.repeat(200)}${']'.repeat(200)}`).value()).rejects.toThrow('nested')
  await expect(pull(`${'{"a":'.repeat(200)}1${'}'.repeat(200)}`, 16).value()).rejects.toThrow(SyntaxError)
})

test('bytes that are no UTF-8 are refused', async () => {
  await expect(read(Uint8Array.of(34, 0xc3, 0x28, 34))).rejects.toThrow(SyntaxError)
})

test('a value longer than the bound is refused, a long document of short ones is not', async () => {
  await expect(read(`["${'x'.repeat(200)}"]`, 16, 100)).rejects.toThrow('longer than 100 bytes')
  const long = JSON.stringify(Array.from({ length: 1000 }, (_, i) => `item ${i}`))
  const reader = pull(long, 16, 100)
  expect(await reader.enter('array')).toBe(true)
  let count = 0
  for (let first = true; await reader.nextItem(first); first = false) {
    expect(JSON.parse(await reader.value())).toBe(`item ${count++}`)
  }
  expect(count).toBe(1000)
})
