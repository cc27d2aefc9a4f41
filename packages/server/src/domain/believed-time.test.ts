import { expect, test } from 'vitest'
import { BelievedTime } from './believed-time.ts'

const HOUR = 3600
const T0 = 1_780_000_000

/** Readings every five seconds from `from` to `to` (uptimes), of a clock that is off by so much; the last belief. */
function readings(believed: BelievedTime, [from, to]: readonly [number, number], off = 0) {
  let last = believed.read({ time: T0 + from + off, uptime: from })
  for (let uptime = from + 5; uptime <= to; uptime += 5) last = believed.read({ time: T0 + uptime + off, uptime })
  return last
}

test('a clock that is six hours fast for twelve seconds makes no time pass but those seconds', () => {
  const believed = new BelievedTime()
  expect(readings(believed, [0, 100])).toEqual({ time: T0 + 100, aheadSeconds: 0 })
  expect(readings(believed, [102, 112], 6 * HOUR)).toEqual({ time: T0 + 112, aheadSeconds: 6 * HOUR })
  expect(readings(believed, [115, 200])).toEqual({ time: T0 + 200, aheadSeconds: 0 })
})

test('a clock that stays ahead is believed after a quarter of an hour, and not before', () => {
  const believed = new BelievedTime()
  readings(believed, [0, 100])
  expect(readings(believed, [105, 1000], HOUR).aheadSeconds).toBe(HOUR)
  expect(readings(believed, [1005, 1005], HOUR)).toEqual({ time: T0 + 1005 + HOUR, aheadSeconds: 0 })
})

test('one that jumps on and on is never believed', () => {
  const believed = new BelievedTime()
  readings(believed, [0, 100])
  for (let i = 1; i <= 20; i++) {
    const from = 100 + i * 300
    expect(readings(believed, [from, from + 295], i * HOUR).time).toBe(T0 + from + 295)
  }
})

test('a clock that is slow is believed at once, and is not fast when it is right again', () => {
  const believed = new BelievedTime()
  readings(believed, [0, 100])
  expect(readings(believed, [105, 200], -2 * HOUR)).toEqual({ time: T0 + 200 - 2 * HOUR, aheadSeconds: 0 })
  expect(readings(believed, [205, 205])).toEqual({ time: T0 + 205, aheadSeconds: 0 })
})

test('a clock that is set right by minutes, or drifts, is believed', () => {
  const believed = new BelievedTime()
  let off = 0
  for (let uptime = 0; uptime <= 10 * HOUR; uptime += 60) {
    off += 0.06
    expect(believed.read({ time: T0 + uptime + off, uptime }).aheadSeconds).toBe(0)
  }
  expect(believed.read({ time: T0 + 10 * HOUR + off + 250, uptime: 10 * HOUR }).aheadSeconds).toBe(0)
})

test('small steps do not add up to a large one', () => {
  const believed = new BelievedTime()
  readings(believed, [0, 100])
  let last = 0
  for (let i = 1; i <= 30; i++) last = believed.read({ time: T0 + 100 + i * 5 + i * 200, uptime: 100 + i * 5 }).time
  expect(last).toBeLessThanOrEqual(T0 + 250 + 300)
})

test('an anchor of before goes on with the uptime of the same boot', () => {
  const believed = new BelievedTime({ time: T0, uptime: 1000 })
  expect(believed.read({ time: T0 + 50 + 6 * HOUR, uptime: 1050 })).toEqual({ time: T0 + 50, aheadSeconds: 6 * HOUR })
  expect(believed.at(2000)).toBe(T0 + 1000)
})
