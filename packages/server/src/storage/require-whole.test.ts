import { expect, test } from 'vitest'
import { requireWhole } from './require-whole.ts'

const has = (points: number, samples: number) => ({ count: async () => ({ points, samples }) })

test.each([
  ['all points', has(5, 0), { points: 5 }],
  ['all samples', has(0, 7), { samples: 7 }],
  ['nothing of nothing', has(0, 0), {}],
])('a batch of which the store has %s may count', async (_what, store, handed) => {
  await expect(requireWhole(store, 1, handed)).resolves.toBeUndefined()
})

test('a replica that is behind is asked again', async () => {
  let asked = 0
  const store = { count: async () => ({ points: Math.min(++asked, 3), samples: 0 }) }
  await expect(requireWhole(store, 1, { points: 3 }, undefined, [0, 0, 0])).resolves.toBeUndefined()
  expect(asked).toBe(3)
})

test.each([
  ['a point too few', has(4, 0), { points: 5 }],
  ['a point too many', has(6, 0), { points: 5 }],
  ['samples that nobody wrote', has(5, 1), { points: 5 }],
  ['no samples', has(0, 0), { samples: 1 }],
])('a batch of which the store has %s may not count; the caller may send it again', async (_what, store, handed) => {
  await expect(requireWhole(store, 1, handed, undefined, [0, 0])).rejects.toMatchObject({
    code: 'storage.incomplete',
    status: 503,
    detail: { batch: 1 },
    retryAfterSeconds: 5,
  })
})
