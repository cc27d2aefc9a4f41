import { expect, test } from 'vitest'
import { ValidationQueue } from './validation-queue.ts'

const LIMITS = { running: 2, strangers: 1, waiting: 6, perAddress: 3 }

/** Work that ends when it is told to; `begun` names what has begun, in order. */
function bench() {
  const queue = new ValidationQueue(LIMITS)
  const begun: string[] = []
  const ends = new Map<string, () => void>()
  const ask = (name: string, known: boolean, address = name) =>
    queue.run({ known, address }, () => {
      begun.push(name)
      return new Promise<void>((resolve) => ends.set(name, resolve))
    })
  const end = async (name: string) => {
    ends.get(name)!()
    await new Promise((resolve) => setImmediate(resolve))
  }
  return { begun, ask, end }
}

test('known callers come first, and one place is always left for them', async () => {
  const { begun, ask, end } = bench()
  const all = [ask('s1', false, 'a'), ask('s2', false, 'a'), ask('k1', true), ask('k2', true)]
  await new Promise((resolve) => setImmediate(resolve))
  expect(begun).toEqual(['s1', 'k1'])
  await end('s1')
  expect(begun).toEqual(['s1', 'k1', 'k2'])
  for (const name of ['k1', 'k2', 's2']) await end(name)
  expect(begun).toEqual(['s1', 'k1', 'k2', 's2'])
  await Promise.all(all)
})

test('strangers take turns by address: who sends many waits for itself', async () => {
  const { begun, ask, end } = bench()
  const all = ['a1', 'a2', 'a3', 'a4', 'b1'].map((name) => ask(name, false, name[0]))
  await new Promise((resolve) => setImmediate(resolve))
  for (const name of ['a1', 'a2', 'b1', 'a3', 'a4']) await end(name)
  expect(begun).toEqual(['a1', 'a2', 'b1', 'a3', 'a4'])
  await Promise.all(all)
})

test('what has no place is told to come back, and takes none from others', async () => {
  const { begun, ask, end } = bench()
  const all = ['a1', 'a2', 'a3', 'a4'].map((name) => ask(name, false, 'a'))
  const full = { code: 'auth.unavailable', retryAfterSeconds: 10 }
  await expect(ask('a5', false, 'a')).rejects.toMatchObject(full)
  all.push(ask('b1', false, 'b'), ask('c1', false, 'c'), ask('d1', false, 'd'))
  await expect(ask('e1', false, 'e')).rejects.toMatchObject(full)
  for (const name of ['a1', 'a2', 'b1', 'c1', 'd1', 'a3', 'a4']) await end(name)
  await Promise.all(all)
  expect(begun).toHaveLength(7)
  const after = ask('z', false)
  await new Promise((resolve) => setImmediate(resolve))
  await end('z')
  await after
})
