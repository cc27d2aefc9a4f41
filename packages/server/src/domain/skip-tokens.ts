import { type Decimal, parseDecimal } from './decimal.ts'
import { isOutOfRange } from './skip-value.ts'

/** What cannot be read, and where: characters from 0. */
export class SyntaxFault extends Error {
  override readonly name = 'SyntaxFault'
  readonly position: number
  constructor(position: number, message: string) {
    super(message)
    this.position = position
  }
}

export type Token =
  | { readonly kind: 'number'; readonly value: Decimal; readonly at: number }
  | { readonly kind: 'text'; readonly value: string; readonly at: number }
  | { readonly kind: 'name' | 'operator' | 'end'; readonly value: string; readonly at: number }

const LENGTH_MAX = 4096
const OPERATORS = /(?:\/\/|==|!=|<=|>=|[-+*/%<>()[\]{},.:])/y
const NUMBER = /(?:\d[\d_]*(?:\.[\d_]*)?|\.\d[\d_]*)(?:[eE][-+]?\d{1,3})?/y
const NAME = /[A-Za-z_][A-Za-z0-9_]*/y
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', '\\': '\\', "'": "'", '"': '"' }

/** The words of an expression, and `end` at last. Throws `SyntaxFault`. */
export function tokenize(text: string): Token[] {
  if (text.length > LENGTH_MAX) throw new SyntaxFault(LENGTH_MAX, `longer than ${LENGTH_MAX} characters`)
  const tokens: Token[] = []
  let at = 0
  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at
    return pattern.exec(text)?.[0]
  }
  while (at < text.length) {
    const char = text[at]!
    if (/\s/.test(char)) {
      at++
      continue
    }
    if (char === '"' || char === "'") {
      const { value, end } = readText(text, at)
      tokens.push({ kind: 'text', value, at })
      at = end
      continue
    }
    const number = match(NUMBER)
    if (number !== undefined) {
      const value = bounded(parseDecimal(number.replaceAll('_', '')), at)
      tokens.push({ kind: 'number', value, at })
      at += number.length
      continue
    }
    const name = match(NAME)
    const operator = name === undefined ? match(OPERATORS) : undefined
    const value = name ?? operator
    if (value === undefined) throw new SyntaxFault(at, `unexpected character ${JSON.stringify(char)}`)
    tokens.push({ kind: name === undefined ? 'operator' : 'name', value, at })
    at += value.length
  }
  tokens.push({ kind: 'end', value: 'the end', at: text.length })
  return tokens
}

function bounded(value: Decimal | undefined, at: number): Decimal {
  if (!value || isOutOfRange(value)) throw new SyntaxFault(at, 'a number out of range')
  return value
}

function readText(text: string, start: number): { value: string; end: number } {
  const quote = text[start]!
  let value = ''
  for (let at = start + 1; at < text.length; at++) {
    const char = text[at]!
    if (char === quote) return { value, end: at + 1 }
    if (char === '\\') {
      const escaped = ESCAPES[text[++at] ?? '']
      if (escaped === undefined) throw new SyntaxFault(at - 1, 'an escape that is not understood')
      value += escaped
    } else {
      value += char
    }
  }
  throw new SyntaxFault(start, 'a text without closing quote')
}
