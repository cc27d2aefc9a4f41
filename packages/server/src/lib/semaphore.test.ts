import { expect, test } from 'vitest'
import { Semaphore } from './semaphore.ts'

const never = new AbortController().signal

test('no more than the permitted number hold a place, and all get one in turn', async () => {
  const semaphore = new Semaphore(2)
  const order: number[] = []
  let holding = 0
  let most = 0
  await Promise.all(
    [0, 1, 2, 3, 4].map(async (i) => {
      const release = await semaphore.acquire(never)
      order.push(i)
      most = Math.max(most, ++holding)
      await new Promise((resolve) => setImmediate(resolve))
      holding--
      release()
    }),
  )
  expect(most).toBe(2)
  expect(order).toEqual([0, 1, 2, 3, 4])
})

test('who gives up leaves the queue, and its place goes to the next one', async () => {
  const semaphore = new Semaphore(1)
  const release = await semaphore.acquire(never)
  const impatient = new AbortController()
  const first = semaphore.acquire(impatient.signal)
  const second = semaphore.acquire(never)
  impatient.abort(new Error('enough'))
  await expect(first).rejects.toThrow('enough')
  release()
  await expect(second).resolves.toBeTypeOf('function')
})

test('giving a place back twice gives back one', async () => {
  const semaphore = new Semaphore(1)
  const release = await semaphore.acquire(never)
  release()
  release()
  await semaphore.acquire(never)
  const waiting = new AbortController()
  const third = semaphore.acquire(waiting.signal)
  waiting.abort(new Error('still taken'))
  await expect(third).rejects.toThrow('still taken')
})
