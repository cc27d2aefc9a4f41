import type { Check, Operand, Template } from './check.ts'

/** A rule that is not in the language. `column` counts from 1, within the rule's text. */
export class CheckSyntaxError extends Error {
  override readonly name = 'CheckSyntaxError'
  readonly column: number

  constructor(column: number, reason: string) {
    super(reason)
    this.column = column
  }
}

/** Far beyond what people write; they bound what a hostile file can cost. */
const MAX_LENGTH = 16_384
const MAX_DEPTH = 64

/**
 * Reads a rule. Where oslo.policy logs a rule it does not understand and then refuses everybody, this throws a
 * `CheckSyntaxError`.
 */
export function parseCheck(text: string): Check {
  if (text === '') return { kind: 'everybody' }
  if (text.length > MAX_LENGTH) throw new CheckSyntaxError(1, `longer than ${MAX_LENGTH} characters`)
  return new Parser(tokenize(text), text.length + 1).parse()
}

/** The old form: a list whose items hold alternatively, each a check or a list of checks that hold together. */
export function parseListCheck(list: readonly (string | readonly string[])[]): Check {
  if (list.length === 0) return { kind: 'everybody' }
  const alternatives = list
    .map((item) => (typeof item === 'string' ? [item] : item))
    .filter((item) => item.length > 0)
    .map((item) => join('and', item.map(parseSingle)))
  return alternatives.length === 0 ? { kind: 'nobody' } : join('or', alternatives)
}

function parseSingle(text: string): Check {
  if (/[\s()]/.test(text.replaceAll(/%\([^()\s]*\)s/g, ''))) {
    throw new CheckSyntaxError(
      1,
      `'${text}' is not a single check; 'and', 'or' and parentheses have no meaning in a list`,
    )
  }
  return toCheck(text, 1)
}

interface Token {
  readonly kind: '(' | ')' | 'and' | 'or' | 'not' | 'check'
  readonly text: string
  readonly column: number
}

/** White space divides; parentheses are tokens at the beginning and end of a word only, since `%(x)s` has them inside. */
function tokenize(text: string): Token[] {
  const tokens: Token[] = []
  for (const word of text.matchAll(/\S+/g)) {
    let column = word.index + 1
    const [, open = '', rest = ''] = /^(\(*)(.*)$/s.exec(word[0]) ?? []
    for (const paren of open) tokens.push({ kind: '(', text: paren, column: column++ })
    const core = rest.replace(/(?<!\))\)+$/, '')
    if (core !== '') {
      const lower = core.toLowerCase()
      const kind = lower === 'and' || lower === 'or' || lower === 'not' ? lower : 'check'
      tokens.push({ kind, text: core, column })
      column += core.length
    }
    for (const paren of rest.slice(core.length)) tokens.push({ kind: ')', text: paren, column: column++ })
  }
  return tokens
}

/** Recursive descent: `not` binds most, then `and`, then `or`. */
class Parser {
  readonly #tokens: readonly Token[]
  readonly #end: number
  #at = 0
  #depth = 0

  constructor(tokens: readonly Token[], end: number) {
    this.#tokens = tokens
    this.#end = end
  }

  parse(): Check {
    if (this.#tokens.length === 0) {
      throw new CheckSyntaxError(1, "only blanks; write '' or '@' to allow everybody, '!' to allow nobody")
    }
    const check = this.#chain('or')
    const left = this.#tokens[this.#at]
    if (left?.kind === ')') throw new CheckSyntaxError(left.column, "')' without '('")
    if (left) throw new CheckSyntaxError(left.column, `expected 'and' or 'or' before '${left.text}'`)
    return check
  }

  #chain(kind: 'and' | 'or'): Check {
    const next = () => (kind === 'or' ? this.#chain('and') : this.#operand())
    const checks = [next()]
    while (this.#tokens[this.#at]?.kind === kind) {
      this.#at++
      checks.push(next())
    }
    return join(kind, checks)
  }

  #operand(): Check {
    const token = this.#tokens[this.#at]
    if (!token) throw new CheckSyntaxError(this.#end, 'a check is missing at the end')
    this.#at++
    switch (token.kind) {
      case 'check':
        return toCheck(token.text, token.column)
      case 'not':
        return this.#nested(token, () => ({ kind: 'not', check: this.#operand() }))
      case '(': {
        const inner = this.#nested(token, () => this.#chain('or'))
        if (this.#tokens[this.#at]?.kind !== ')') throw new CheckSyntaxError(token.column, "'(' without ')'")
        this.#at++
        return inner
      }
      default:
        throw new CheckSyntaxError(token.column, `a check is missing before '${token.text}'`)
    }
  }

  #nested(token: Token, read: () => Check): Check {
    if (++this.#depth > MAX_DEPTH) throw new CheckSyntaxError(token.column, `nested more than ${MAX_DEPTH} deep`)
    const check = read()
    this.#depth--
    return check
  }
}

function join(kind: 'and' | 'or', checks: readonly Check[]): Check {
  return checks.length === 1 ? checks[0]! : { kind, checks }
}

function toCheck(text: string, column: number): Check {
  if (text === '@') return { kind: 'everybody' }
  if (text === '!') return { kind: 'nobody' }
  const colon = text.indexOf(':')
  if (colon < 0) throw new CheckSyntaxError(column, `'${text}' is not a check: expected kind:value, '@' or '!'`)
  const left = text.slice(0, colon)
  const right = text.slice(colon + 1)
  if (right === '') throw new CheckSyntaxError(column, `'${text}' has nothing after the colon`)
  switch (left) {
    case 'http':
    case 'https':
      // A server asked on every request, over the open network, to decide: its failure modes are not worth having.
      throw new CheckSyntaxError(
        column,
        `'${left}:' checks, which ask another server, are not supported; name roles instead`,
      )
    case 'rule':
      return { kind: 'rule', name: right }
    case 'role':
      return { kind: 'role', role: toTemplate(right, column + colon + 1) }
    default:
      return { kind: 'match', left: toOperand(left, column), right: toTemplate(right, column + colon + 1) }
  }
}

/** oslo.policy reads the left side as a Python literal if it can. These are the literals that make sense. */
function toOperand(text: string, column: number): Operand {
  const quoted = /^'([^'\\]*)'$|^"([^"'\\]*)"$/.exec(text)
  if (quoted) return { literal: quoted[1] ?? quoted[2] ?? '' }
  if (text === 'True' || text === 'False' || /^(?:0|-?[1-9]\d{0,14})$/.test(text)) return { literal: text }
  if (text === 'None') throw new CheckSyntaxError(column, 'None on the left: nothing never equals anything here')
  if (/^[A-Za-z_][\w.-]*$/.test(text)) return { credential: text }
  throw new CheckSyntaxError(
    column,
    `'${text}' is neither the name of a credential nor a literal such as 'text', 1 or True`,
  )
}

function toTemplate(text: string, column: number): Template {
  const parts: (string | { target: string })[] = []
  let plain = ''
  let at = 0
  while (at < text.length) {
    const rest = text.slice(at)
    const reference = /^%\(([^()%\s]+)\)s/.exec(rest)
    if (reference) {
      if (plain !== '') parts.push(plain)
      plain = ''
      parts.push({ target: reference[1]! })
      at += reference[0].length
    } else if (rest.startsWith('%%')) {
      plain += '%'
      at += 2
    } else if (rest.startsWith('%')) {
      throw new CheckSyntaxError(column + at, `expected %(name)s, got '${rest}'`)
    } else {
      plain += rest[0]!
      at++
    }
  }
  if (plain !== '') parts.push(plain)
  return parts
}
