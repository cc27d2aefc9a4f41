import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { coalesceNext } from './coalesce-next.ts'

const PATIENCE_MS = 5000

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** Questions that are answered, or not, when the test says so. */
function questions() {
  const open: PromiseWithResolvers[] = []
  const ask = coalesceNext(() => {
    const question = {} as PromiseWithResolvers
    const answer = new Promise<string>((resolve, reject) => Object.assign(question, { resolve, reject }))
    open.push(question)
    return answer
  }, PATIENCE_MS)
  return { open, ask }
}

interface PromiseWithResolvers {
  resolve(answer: string): void
  reject(error: Error): void
}

async function asked(open: readonly unknown[], count: number): Promise<void> {
  for (let turn = 0; turn < 20 && open.length < count; turn++) await Promise.resolve()
  expect(open).toHaveLength(count)
}

test('who comes while an answer is under way shares the next one, not that one', async () => {
  const { open, ask } = questions()
  const first = ask()
  await asked(open, 1)
  const later = [ask(), ask(), ask()]
  await asked(open, 1)
  open[0]!.resolve('before')
  expect(await first).toBe('before')
  await asked(open, 2)
  open[1]!.resolve('after')
  expect(await Promise.all(later)).toEqual(['after', 'after', 'after'])
  await asked(open, 2)
})

test('a failure is of those who share it only', async () => {
  const { open, ask } = questions()
  const shared = Promise.allSettled([ask(), ask()])
  await asked(open, 1)
  const next = ask()
  open[0]!.reject(new Error('gone'))
  expect((await shared).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  await asked(open, 2)
  open[1]!.resolve('back')
  expect(await next).toBe('back')
})

test('a question that gets no answer holds the others for a while only', async () => {
  const { open, ask } = questions()
  const lost = ask()
  await asked(open, 1)
  const later = ask()
  await vi.advanceTimersByTimeAsync(PATIENCE_MS - 1)
  await asked(open, 1)
  await vi.advanceTimersByTimeAsync(1)
  await asked(open, 2)
  open[1]!.resolve('here')
  expect(await later).toBe('here')
  // The one that is late at last does not stand in the way of those after it.
  open[0]!.resolve('late')
  expect(await lost).toBe('late')
  const last = ask()
  await asked(open, 3)
  open[2]!.resolve('now')
  expect(await last).toBe('now')
})
