import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatCheck, type Check } from './check.ts'
import { evaluateCheck, type Facts } from './evaluate-check.ts'
import { CheckSyntaxError, parseCheck, parseListCheck } from './parse-check.ts'
import { thrownBy } from '../../lib/testing/thrown.ts'

const role = (name: string): Check => ({ kind: 'role', role: [name] })

test.each<[string, Check]>([
  ['', { kind: 'everybody' }],
  ['@', { kind: 'everybody' }],
  ['!', { kind: 'nobody' }],
  ['role:admin', role('admin')],
  ['role:a:b', role('a:b')],
  ['rule:context_is_admin', { kind: 'rule', name: 'context_is_admin' }],
  ['NOT role:a', { kind: 'not', check: role('a') }],
  ['role:a or role:b AND role:c', { kind: 'or', checks: [role('a'), { kind: 'and', checks: [role('b'), role('c')] }] }],
  [
    '(role:a or role:b) and role:c',
    { kind: 'and', checks: [{ kind: 'or', checks: [role('a'), role('b')] }, role('c')] },
  ],
  ['not role:a and role:b', { kind: 'and', checks: [{ kind: 'not', check: role('a') }, role('b')] }],
  ['not not ((role:a))', { kind: 'not', check: { kind: 'not', check: role('a') } }],
  ['( role:a )\n or\trole:b', { kind: 'or', checks: [role('a'), role('b')] }],
  [
    '(project_id:%(project_id)s)',
    { kind: 'match', left: { credential: 'project_id' }, right: [{ target: 'project_id' }] },
  ],
  ["'admin':%(x)s", { kind: 'match', left: { literal: 'admin' }, right: [{ target: 'x' }] }],
  ['"admin":%(x)s', { kind: 'match', left: { literal: 'admin' }, right: [{ target: 'x' }] }],
  ['True:%(x)s', { kind: 'match', left: { literal: 'True' }, right: [{ target: 'x' }] }],
  ['is_admin:True', { kind: 'match', left: { credential: 'is_admin' }, right: ['True'] }],
  ['a:x%(b)sy%%z', { kind: 'match', left: { credential: 'a' }, right: ['x', { target: 'b' }, 'y%z'] }],
])('%j is read as oslo.policy reads it', (text, check) => expect(parseCheck(text)).toEqual(check))

test.each<[string, number, RegExp]>([
  ['   ', 1, /only blanks/],
  ['admin', 1, /not a check/],
  ["role:a or 'text'", 11, /not a check/],
  ['role:', 1, /nothing after the colon/],
  ['role:a and', 11, /missing at the end/],
  ['role:a and or role:b', 12, /missing before 'or'/],
  ['role:a role:b', 8, /'and' or 'or' before/],
  ['(role:a', 1, /'\(' without/],
  ['role:a)', 7, /'\)' without/],
  ['()', 2, /missing before '\)'/],
  ['project_id:%(project_id)', 12, /%\(name\)s/],
  ['a:%d', 3, /%\(name\)s/],
  ['None:%(project_id)s', 1, /None/],
  ["it's:%(x)s", 1, /neither the name/],
  ['role:a or http://example.net/%(x)s', 11, /not supported/],
  ['https://example.net/', 1, /not supported/],
])('%j is refused with column and reason', refuses)

test('what is nested or long beyond reason is refused', () => {
  refuses(`${'('.repeat(100)}role:a${')'.repeat(100)}`, 65, /nested/)
  refuses(`role:a${' or role:a'.repeat(5000)}`, 1, /longer/)
})

function refuses(text: string, column: number, reason: RegExp): void {
  const fault = thrownBy(() => parseCheck(text))
  expect(fault).toBeInstanceOf(CheckSyntaxError)
  expect(fault).toMatchObject({ column, message: expect.stringMatching(reason) as string })
}

describe('the list form', () => {
  test.each<[(string | string[])[], string]>([
    [[], '@'],
    [[[]], '!'],
    [['role:a'], 'role:a'],
    [['role:a', ['role:b', 'role:c'], []], 'role:a or (role:b and role:c)'],
    [[['@']], '@'],
  ])('%j is %s', (list, text) => expect(formatCheck(parseListCheck(list))).toBe(text))

  test('has no operators', () => expect(() => parseListCheck(['role:a or role:b'])).toThrow(CheckSyntaxError))
})

const word = fc
  .stringMatching(/^[A-Za-z_][\w.-]{0,6}$/)
  .filter((text) => !/^(and|or|not|rule|role|http|https|True|False|None)$/i.test(text))
const plain = fc.stringMatching(/^[\w%.:-]{1,6}$/)
const template = fc
  .tuple(
    fc.option(plain, { nil: undefined }),
    fc.array(fc.tuple(word, fc.option(plain, { nil: undefined })), { maxLength: 2 }),
  )
  .map(([head, tail]) =>
    [head, ...tail.flatMap(([target, text]) => [{ target }, text])].filter((part) => part !== undefined),
  )
  .filter((parts) => parts.length > 0)
const leaf: fc.Arbitrary<Check> = fc.oneof(
  fc.constant<Check>({ kind: 'everybody' }),
  fc.constant<Check>({ kind: 'nobody' }),
  word.map((name): Check => ({ kind: 'rule', name })),
  template.map((parts): Check => ({ kind: 'role', role: parts })),
  fc
    .tuple(
      fc.oneof(
        word.map((credential) => ({ credential })),
        fc.stringMatching(/^[\w.-]{0,6}$/).map((literal) => ({ literal })),
      ),
      template,
    )
    .map(([left, right]): Check => ({ kind: 'match', left, right })),
)
const anyCheck = treeOf(leaf)

test('what is printed is read back as the same check', () => {
  fc.assert(
    fc.property(anyCheck, (check) => {
      expect(parseCheck(formatCheck(check))).toEqual(check)
    }),
    { numRuns: 500 },
  )
})

test('blanks and letter case of operators never change what a rule means', () => {
  const blank = fc.constantFrom(' ', '\t', '\n  ')
  fc.assert(
    fc.property(anyCheck, fc.array(fc.tuple(blank, fc.boolean()), { minLength: 1 }), (check, noise) => {
      let i = 0
      const noisy = formatCheck(check).replaceAll(/\s+(and|or|not)?(?=\s)|\s+/g, (gap) => {
        const [white, upper] = noise[i++ % noise.length]!
        const operator = gap.trim()
        return white + (upper ? operator.toUpperCase() : operator)
      })
      expect(parseCheck(noisy)).toEqual(check)
    }),
  )
})

test('whatever the text, it is read or refused, never anything else', () => {
  const fragment = fc.constantFrom(
    '(',
    ')',
    ' ',
    'and',
    'or',
    'not',
    'role:a',
    '@',
    '!',
    '%(',
    ')s',
    "'",
    ':',
    'x',
    '%',
  )
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(fragment).map((parts) => parts.join('')),
  )
  fc.assert(
    fc.property(text, (input) => {
      const outcome = thrownBy(() => parseCheck(input))
      expect(outcome === undefined || outcome instanceof CheckSyntaxError).toBe(true)
    }),
    { numRuns: 300 },
  )
})

test('evaluation equals a truth table: each of three roles held or not', () => {
  const roles = ['a', 'b', 'c'] as const
  const roleCheck = fc.constantFrom(...roles).map(role)
  fc.assert(
    fc.property(
      treeOf(fc.oneof(roleCheck, fc.constantFrom<Check>({ kind: 'everybody' }, { kind: 'nobody' }))),
      (check) => {
        const parsed = parseCheck(formatCheck(check))
        for (let row = 0; row < 8; row++) {
          const held = new Set(roles.filter((_, bit) => row & (1 << bit)))
          const facts: Facts = { credentials: { roles: [...held] }, target: {}, rules: new Map() }
          expect(evaluateCheck(parsed, facts)).toBe(truth(check, held))
        }
      },
    ),
  )
})

/** As JavaScript itself computes it: the check turned into a JavaScript expression. */
function truth(check: Check, held: ReadonlySet<string>): boolean {
  const toScript = (inner: Check): string => {
    switch (inner.kind) {
      case 'everybody':
        return 'true'
      case 'nobody':
        return 'false'
      case 'not':
        return `!(${toScript(inner.check)})`
      case 'and':
        return inner.checks.map((each) => `(${toScript(each)})`).join('&&')
      case 'or':
        return inner.checks.map((each) => `(${toScript(each)})`).join('||')
      case 'role':
        return String(held.has(formatCheck(inner).slice('role:'.length)))
      default:
        throw new Error(`not in a truth table: ${inner.kind}`)
    }
  }
  // oxlint-disable-next-line typescript/no-implied-eval -- another evaluator than ours is the point
  return new Function(`return ${toScript(check)}`)() as boolean
}

function treeOf(leaves: fc.Arbitrary<Check>): fc.Arbitrary<Check> {
  return fc.letrec<{ check: Check }>((tie) => ({
    check: fc.oneof(
      { maxDepth: 5, withCrossShrink: true },
      leaves,
      tie('check').map((check): Check => ({ kind: 'not', check })),
      fc
        .tuple(fc.constantFrom('and' as const, 'or' as const), fc.array(tie('check'), { minLength: 2, maxLength: 4 }))
        .map(([kind, checks]): Check => ({ kind, checks })),
    ),
  })).check
}
