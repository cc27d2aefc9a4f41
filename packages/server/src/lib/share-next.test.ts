import { expect, test } from 'vitest'
import { shareNext } from './share-next.ts'

/** Questions that are answered, or not, when the test says so. */
function questions() {
  const open: PromiseWithResolvers[] = []
  const ask = shareNext(() => {
    const question = {} as PromiseWithResolvers
    const answer = new Promise<string>((resolve, reject) => Object.assign(question, { resolve, reject }))
    open.push(question)
    return answer
  })
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
