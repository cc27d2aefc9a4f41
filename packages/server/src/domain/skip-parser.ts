import { ZERO } from './decimal.ts'
import {
  type Expression,
  FUNCTIONS,
  METHODS,
  arithmetic,
  call,
  constantExpression,
  index,
  list,
  shortCircuit,
} from './skip-operations.ts'
import { SyntaxFault, type Token, tokenize } from './skip-tokens.ts'
import { COMPARISONS, type Comparison, NO_DICT, type Operator, asText, compares, truth } from './skip-value.ts'

const DEPTH_MAX = 64
const KEYWORDS = new Set(['and', 'or', 'not', 'in', 'is', 'True', 'False', 'None'])

/** Reads an expression by recursive descent, in Python's order of precedence. Throws `SyntaxFault`. */
export class Parser {
  readonly #tokens: readonly Token[]
  #next = 0
  #depth = 0

  constructor(text: string) {
    this.#tokens = tokenize(text)
  }

  parse(): Expression {
    const expression = this.#or()
    if (this.#peek().kind !== 'end') this.#unexpected()
    return expression
  }

  #peek(): Token {
    return this.#tokens[this.#next]!
  }

  #take(): Token {
    return this.#tokens[this.#next++]!
  }

  #is(value: string): boolean {
    const token = this.#peek()
    return (token.kind === 'name' || token.kind === 'operator') && token.value === value
  }

  #accept(value: string): boolean {
    if (!this.#is(value)) return false
    this.#next++
    return true
  }

  #expect(value: string): void {
    if (!this.#accept(value)) this.#unexpected(`'${value}'`)
  }

  #unexpected(wanted = 'an operator or the end'): never {
    const token = this.#peek()
    const found = token.kind === 'end' ? 'the end' : token.kind === 'number' ? 'a number' : `'${token.value}'`
    throw new SyntaxFault(token.at, `expected ${wanted}, found ${found}`)
  }

  #nested<T>(read: () => T): T {
    if (++this.#depth > DEPTH_MAX) throw new SyntaxFault(this.#peek().at, `nested deeper than ${DEPTH_MAX}`)
    const result = read()
    this.#depth--
    return result
  }

  #or(): Expression {
    return this.#nested(() => {
      const terms = [this.#and()]
      while (this.#accept('or')) terms.push(this.#and())
      return shortCircuit(terms, true)
    })
  }

  #and(): Expression {
    const terms = [this.#not()]
    while (this.#accept('and')) terms.push(this.#not())
    return shortCircuit(terms, false)
  }

  #not(): Expression {
    if (!this.#accept('not')) return this.#comparison()
    const operand = this.#nested(() => this.#not())
    return { constant: operand.constant, evaluate: (datapoint) => !truth(operand.evaluate(datapoint)) }
  }

  #comparison(): Expression {
    const first = this.#sum()
    const rest: { comparison: Comparison; operand: Expression }[] = []
    for (let comparison = this.#acceptComparison(); comparison; comparison = this.#acceptComparison()) {
      rest.push({ comparison, operand: this.#sum() })
    }
    if (rest.length === 0) return first
    return {
      constant: first.constant && rest.every(({ operand }) => operand.constant),
      evaluate: (datapoint) => {
        let left = first.evaluate(datapoint)
        for (const { comparison, operand } of rest) {
          const right = operand.evaluate(datapoint)
          if (!compares(comparison, left, right)) return false
          left = right
        }
        return true
      },
    }
  }

  #acceptComparison(): Comparison | undefined {
    if (this.#is('not')) {
      this.#next++
      this.#expect('in')
      return 'not in'
    }
    if (this.#accept('is')) return this.#accept('not') ? 'is not' : 'is'
    return COMPARISONS.find((comparison) => this.#accept(comparison))
  }

  #sum(): Expression {
    let left = this.#product()
    for (;;) {
      const operator = this.#acceptOne('+', '-')
      if (!operator) return left
      left = arithmetic(operator, left, this.#product())
    }
  }

  #product(): Expression {
    let left = this.#sign()
    for (;;) {
      const operator = this.#acceptOne('*', '/', '//', '%')
      if (!operator) return left
      left = arithmetic(operator, left, this.#sign())
    }
  }

  #acceptOne<const T extends readonly Operator[]>(...operators: T): T[number] | undefined {
    return operators.find((operator) => this.#accept(operator))
  }

  #sign(): Expression {
    const operator = this.#acceptOne('-', '+')
    if (!operator) return this.#postfix()
    const operand = this.#nested(() => this.#sign())
    return arithmetic(operator, constantExpression(ZERO), operand)
  }

  #postfix(): Expression {
    let subject = this.#atom()
    for (;;) {
      if (this.#accept('[')) {
        const key = this.#or()
        this.#expect(']')
        subject = index(subject, key)
      } else if (this.#accept('.')) {
        subject = this.#method(subject)
      } else {
        return subject
      }
    }
  }

  #method(subject: Expression): Expression {
    const name = this.#take()
    const method = name.kind === 'name' && Object.hasOwn(METHODS, name.value) ? METHODS[name.value] : undefined
    if (!method) throw new SyntaxFault(name.at, `expected one of ${Object.keys(METHODS).join(', ')} after the point`)
    this.#expect('(')
    return call(method, [subject, ...this.#items(')')], name)
  }

  #atom(): Expression {
    const token = this.#peek()
    if (token.kind === 'end') this.#unexpected('a value')
    this.#next++
    if (token.kind === 'number') return constantExpression(token.value)
    if (token.kind === 'text') {
      let text = token.value
      // Python joins texts that stand side by side.
      for (let next = this.#peek(); next.kind === 'text'; next = this.#peek()) {
        text += next.value
        this.#next++
      }
      return constantExpression(text)
    }
    switch (token.value) {
      case 'True':
        return constantExpression(true)
      case 'False':
        return constantExpression(false)
      case 'None':
        return constantExpression(null)
      case 'datapoint':
        return { constant: false, evaluate: (datapoint) => datapoint }
      case '(':
        return this.#parenthesized()
      case '[':
        return list(this.#items(']'))
      case '{':
        return this.#braces()
      default:
    }
    const builtin = token.kind === 'name' && Object.hasOwn(FUNCTIONS, token.value) ? FUNCTIONS[token.value] : undefined
    if (builtin && this.#accept('(')) return call(builtin, this.#items(')'), token)
    this.#next--
    if (token.kind === 'name' && !KEYWORDS.has(token.value)) {
      const known = ['datapoint', ...Object.keys(FUNCTIONS).map((name) => `${name}()`)].join(', ')
      throw new SyntaxFault(token.at, `'${token.value}' is not known here; known are ${known}`)
    }
    return this.#unexpected('a value')
  }

  /** `(a)` is a; `(a,)` and `(a, b)` are lists. */
  #parenthesized(): Expression {
    if (this.#accept(')')) return list([])
    const first = this.#or()
    if (this.#accept(')')) return first
    this.#expect(',')
    return list([first, ...this.#items(')')])
  }

  /** `{}`, `{a, b}` or `{'k': v}`. */
  #braces(): Expression {
    if (this.#accept('}')) return constantExpression(NO_DICT)
    const first = this.#or()
    if (!this.#is(':')) {
      if (this.#accept('}')) return list([first])
      this.#expect(',')
      return list([first, ...this.#items('}')])
    }
    const entries: [Expression, Expression][] = []
    for (let key = first; ; key = this.#or()) {
      this.#expect(':')
      entries.push([key, this.#or()])
      if (this.#accept('}')) break
      this.#expect(',')
      if (this.#accept('}')) break
    }
    return {
      constant: entries.every(([key, value]) => key.constant && value.constant),
      evaluate: (datapoint) => {
        const values = new Map(
          entries.map(([key, value]) => [asText(key.evaluate(datapoint), 'a key'), value.evaluate(datapoint)]),
        )
        return { kind: 'dict', get: (key) => values.get(key), keys: () => [...values.keys()] }
      },
    }
  }

  /** Items separated by commas up to the closing bracket, which is taken too. */
  #items(closing: string): Expression[] {
    const items: Expression[] = []
    while (!this.#accept(closing)) {
      items.push(this.#or())
      if (!this.#accept(',') && !this.#is(closing)) this.#unexpected(`',' or '${closing}'`)
    }
    return items
  }
}
