import { expect, test } from 'vitest'
import { promLabel, promMatcher, promSelector, promString } from './promql.ts'

test.each([
  ['a plain text stands between quotes', 'X', '"X"'],
  ['a quote cannot end the literal', 'a"} or up{x="', String.raw`"a\"} or up{x=\""`],
  ['a backslash stays one backslash', String.raw`a\d`, String.raw`"a\\d"`],
  ['a line break stays inside the literal', 'a\nb', String.raw`"a\nb"`],
  ['other letters are left alone', 'Zürich 東京', '"Zürich 東京"'],
])('%s', (_guarantee, text, literal) => expect(promString(text)).toBe(literal))

test.each([
  ['one value is compared, not matched', ['a.b'], 'project_id="a.b"'],
  ['several values are alternatives', ['a', 'b'], 'project_id=~"a|b"'],
  [
    'what means something in a regular expression is taken literally, and escaped for the string too',
    ['a.b', 'c|d', String.raw`e\f`, '(g)*[h]{1}^$?+'],
    String.raw`project_id=~"a\\.b|c\\|d|e\\\\f|\\(g\\)\\*\\[h\\]\\{1\\}\\^\\$\\?\\+"`,
  ],
  ['a quote in one of several values cannot end the literal', ['a"', 'b'], String.raw`project_id=~"a\"|b"`],
])('%s', (_guarantee, values, matcher) => expect(promMatcher('project_id', values)).toBe(matcher))

test('a label that is not an identifier is quoted', () => {
  expect(promLabel('project_id')).toBe('project_id')
  expect(promLabel('k8s.namespace')).toBe('"k8s.namespace"')
  expect(promLabel('a) or up by (b')).toBe('"a) or up by (b"')
})

test('a metric that is not an identifier is matched by its name', () => {
  expect(promSelector('job:cpu:rate5m', [])).toBe('job:cpu:rate5m')
  expect(promSelector('cpu', ['a="b"', 'c="d"'])).toBe('cpu{a="b",c="d"}')
  expect(promSelector('disk.bytes', ['a="b"'])).toBe('{__name__="disk.bytes",a="b"}')
})
