import { expect, test } from 'vitest'
import { seededRandom } from './seeded-random.ts'

test('the same seed gives the same numbers, on every machine', () => {
  const random = seededRandom('cloud')
  const numbers = Array.from({ length: 3 }, () => Math.floor(random() * 1_000_000))
  expect(numbers).toEqual([243_346, 655_406, 410_001])
})

test('seeds that differ in one letter give other numbers', () => {
  const firsts = new Set(Array.from({ length: 1_000 }, (_, i) => seededRandom(`seed ${i}`)()))
  expect(firsts.size).toBe(1_000)
})

test('numbers lie in [0, 1) and spread evenly', () => {
  const random = seededRandom('even')
  const buckets = Array.from({ length: 10 }, () => 0)
  for (let i = 0; i < 100_000; i++) buckets[Math.floor(random() * 10)]!++
  for (const count of buckets) expect(Math.abs(count - 10_000)).toBeLessThan(500)
})
