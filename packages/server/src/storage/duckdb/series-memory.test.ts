import { expect, test } from 'vitest'
import { SeriesMemory } from './series-memory.ts'
import { SeriesSelector } from './series-selection.ts'

test('who asks for what is being found out shares it, and gets it again until series come or go', async () => {
  let changes = 0
  let asked = 0
  const memory = new SeriesMemory<string>({ changes: () => changes, bytesMax: 10_000, bytesOf: (text) => text.length })
  const find = async () => `${++asked}`
  expect(await Promise.all([1, 2, 3].map(() => memory.get('a', find, undefined)))).toEqual(['1', '1', '1'])
  expect(await memory.get('a', find, undefined)).toBe('1')
  changes++
  expect(await memory.get('a', find, undefined)).toBe('2')
})

test('what everybody has left ends, and is not remembered', async () => {
  const memory = new SeriesMemory<string>({ changes: () => 0, bytesMax: 10_000, bytesOf: (text) => text.length })
  const leaving = new AbortController()
  let ended: unknown
  const find = (_changes: number, signal: AbortSignal) =>
    new Promise<string>((_, reject) => {
      signal.addEventListener('abort', () => reject((ended = signal.reason) as Error))
    })
  const asked = memory.get('a', find, leaving.signal)
  leaving.abort(new Error('left'))
  await expect(asked).rejects.toThrow('left')
  expect(ended).toEqual(new Error('left'))
  expect(await memory.get('a', async () => 'anew', undefined)).toBe('anew')
})

test('long filters, each another one, are remembered within their bytes', async () => {
  const finder = new SeriesSelector(
    async () => [],
    () => 0,
  )
  for (let i = 0; i < 1000; i++) {
    const attributes = new Map([['id', [`${i}`.padEnd(60_000, 'x')]]])
    // oxlint-disable-next-line no-await-in-loop -- one after the other, as one client would
    expect(await finder.find({ types: [], attributes }, undefined)).toBe('none')
  }
  expect(finder.bytes).toBeLessThan(17 * 1024 * 1024)
})
