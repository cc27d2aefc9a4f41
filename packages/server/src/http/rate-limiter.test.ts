import fc from 'fast-check'
import { expect, test } from 'vitest'
import { RateLimiter } from './rate-limiter.ts'

test('a client may send a burst, then so many a second; each client for itself', () => {
  let now = 0
  const limiter = new RateLimiter({ perSecond: 2, burst: 3 }, () => now)
  expect([1, 2, 3].map(() => limiter.take('a'))).toEqual([0, 0, 0])
  expect(limiter.take('a')).toBe(0.5)
  expect(limiter.take('b')).toBe(0)
  now = 500
  expect(limiter.take('a')).toBe(0)
  expect(limiter.take('a')).toBe(0.5)
})

test('whoever waits as long as was said is served, and never more than burst and rate allow', () => {
  const pauses = fc.array(fc.double({ min: 0, max: 3000, noNaN: true }), { maxLength: 200 })
  fc.assert(
    fc.property(
      pauses,
      fc.integer({ min: 1, max: 10 }),
      fc.double({ min: 0.1, max: 50, noNaN: true }),
      (all, burst, rate) => {
        let now = 0
        let served = 0
        const limiter = new RateLimiter({ perSecond: rate, burst }, () => now)
        for (const pause of all) {
          now += pause
          const wait = limiter.take('a')
          if (wait === 0) served++
          else {
            // A little more than told: seconds become milliseconds and back.
            now += wait * 1000 + 1
            expect(limiter.take('a')).toBe(0)
            served++
          }
          expect(served).toBeLessThanOrEqual(burst + (now / 1000) * rate + 1e-6)
        }
      },
    ),
  )
})

test('the memory of clients is bounded', () => {
  const limiter = new RateLimiter({ perSecond: 1, burst: 1 })
  for (let i = 0; i < 10_500; i++) limiter.take(`client ${i}`)
  expect(limiter.size).toBe(10_000)
})
