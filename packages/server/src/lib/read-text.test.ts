import { expect, test } from 'vitest'
import { thrownBy } from './testing/thrown.ts'
import { decodeUtf8, NotUtf8 } from './read-text.ts'

test.each([
  ['caf\xe9', 1],
  ['a\nb\npass = \xfc\nd', 3],
  ['a\r\nb\xff', 2],
  ['a\n\xe2\x82\n\xac', 2],
])('bytes that are no UTF-8 are refused with their line (%j)', (latin, line) => {
  const thrown = thrownBy(() => decodeUtf8(Buffer.from(latin, 'latin1')))
  expect(thrown).toBeInstanceOf(NotUtf8)
  expect(thrown).toMatchObject({ line, message: `line ${line} is not UTF-8; save the file as UTF-8` })
})

test('what is UTF-8 stays as it is, its first mark too', () => {
  expect(decodeUtf8(Buffer.from('\uFEFFé €\r\n\u{1F600}'))).toBe('\uFEFFé €\r\n\u{1F600}')
})
