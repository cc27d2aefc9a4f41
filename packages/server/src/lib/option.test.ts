import { expect, test } from 'vitest'
import { option } from './option.ts'

test.each([
  ['0', 0],
  ['1024', 1024],
  ['512MiB', 512 * 1024 ** 2],
  [' 2 gb ', 2e9],
  ['3KiB', 3072],
  ['1TiB', 1024 ** 4],
])('%j is a size of %i bytes', (text, bytes) => {
  expect(option.bytes().parse(text)).toBe(bytes)
})

test.each(['', 'MiB', '-1', '1.5GB', '1e9', '10 apples', '1 constructor', '99999999999TiB', '12 3'])(
  '%j is no size',
  (text) => {
    expect(option.bytes().safeParse(text).error?.issues[0]?.message).toMatch(/^expected a size of at least 0 bytes/)
  },
)

test('a size below the least is refused, and both are told', () => {
  expect(option.bytes({ min: 64 }).safeParse('63').error?.issues[0]?.message).toBe(
    "expected a size of at least 64 bytes, such as 512MiB or 2GB, got '63'",
  )
})
