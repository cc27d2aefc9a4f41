import { expect, test } from 'vitest'
import { warningHeaders } from './warning.ts'

test.each([
  ['nothing', [], {}],
  ['one text', ['no such service'], { warning: '199 cloudtabby "no such service"' }],
  ['several', ['a', 'b'], { warning: '199 cloudtabby "a", 199 cloudtabby "b"' }],
  ['quotes', ['say "a\\"'], { warning: '199 cloudtabby "say \\"a\\\\\\""' }],
  ['what a header cannot hold', ['ü\r\nx: 1\ud800'], { warning: '199 cloudtabby "%C3%BC%0D%0Ax: 1%EF%BF%BD"' }],
])('%s', (_what, texts, headers) => {
  expect(warningHeaders(texts)).toEqual(headers)
  expect(() => new Headers(headers)).not.toThrow()
})

test('a long text is cut', () => {
  expect(warningHeaders(['x'.repeat(5000)])['warning']!.length).toBeLessThan(1100)
})
