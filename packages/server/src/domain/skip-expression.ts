import { Fault } from '../lib/fault.ts'
import { unreachable } from '../lib/unreachable.ts'
import {
  add,
  compare,
  Decimal,
  decimal,
  decimalFromNumber,
  divideRounded,
  formatDecimal,
  isZero,
  mul,
  ONE,
  parseDecimal,
  power10,
  PRICE_DIGITS,
  roundDigits,
  subtract,
  ZERO,
} from './decimal.ts'
import { toDate } from './period.ts'
import type { Point } from './point.ts'
import type { Attributes, AttributeValue } from './series.ts'

/** A `skip_datapoints_expression`, read once and asked for every rated point. */
export interface SkipExpression {
  readonly text: string
  /** Set when the answer is the same for every point, as it is for the default `False`. */
  readonly constant: boolean | undefined
  /** Whether the point is to be dropped. Throws the fault `rating.failed` where Python would have raised an error. */
  skips(point: Point): boolean
}

export type SkipExpressionResult =
  | { readonly ok: true; readonly expression: SkipExpression }
  /** `position` counts characters from 0. */
  | { readonly ok: false; readonly position: number; readonly reason: string }

const LENGTH_MAX = 4096
const DEPTH_MAX = 64
/** Numbers may have about so many digits before and after the point. */
const DIGITS_MAX = 1000

/**
 * Reads the part of Python that CloudKitty's documentation uses for skip expressions (CloudKitty hands them to Python's
 * `eval` in cloudkitty/orchestrator.py; here nothing is evaluated as code): literals, `datapoint` with `.get(key, default)` and
 * `[key]`, comparisons (chained ones too), `in`, `is`, `and`, `or`, `not`, `+ - * / // %`, and `float() int() str() len() bool()
 * abs() min() max() Decimal()`, and the text methods `startswith endswith lower upper strip`. `datapoint` is the point
 * as a dict: `vol` (`unit`, `qty`), `rating` (`price`), `groupby`, `metadata`. All numbers are exact decimals; a quotient
 * has 28 digits.
 */
export function parseSkipExpression(text: string): SkipExpressionResult {
  try {
    const parsed = new Parser(text).parse()
    const constant = parsed.constant ? constantOf(parsed) : undefined
    return {
      ok: true,
      expression: {
        text,
        constant,
        skips(point) {
          if (constant !== undefined) return constant
          try {
            return truth(parsed.evaluate(toDict(point)))
          } catch (error) {
            if (!(error instanceof EvaluationError)) throw error
            const { type, scopeId } = point.series
            throw new Fault(
              'rating.failed',
              `skip_datapoints_expression '${text}' cannot be decided for a point of type ${type}: ${error.message}`,
              { type, scopeId, begin: point.begin, end: point.end },
              { cause: error },
            )
          }
        },
      },
    }
  } catch (error) {
    if (error instanceof SyntaxFault) return { ok: false, position: error.position, reason: error.message }
    throw error
  }
}

/** Undefined when evaluating it fails: then it fails for each point, not when it is read. */
function constantOf(expression: Expression): boolean | undefined {
  try {
    return truth(expression.evaluate(NO_DICT))
  } catch (error) {
    if (error instanceof EvaluationError) return undefined
    throw error
  }
}

/** A value of Python, as far as the language goes. Lists and tuples are alike. */
type Value = null | boolean | string | Decimal | readonly Value[] | Dict

/** Asked lazily: most expressions look at one thing of a point. */
interface Dict {
  readonly kind: 'dict'
  get(key: string): Value | undefined
  keys(): readonly string[]
}

interface Expression {
  /** It does not look at the point. */
  readonly constant: boolean
  evaluate(datapoint: Dict): Value
}

class SyntaxFault extends Error {
  override readonly name = 'SyntaxFault'
  readonly position: number
  constructor(position: number, message: string) {
    super(message)
    this.position = position
  }
}

class EvaluationError extends Error {
  override readonly name = 'EvaluationError'
}

// --- the point as a dict

const NO_DICT: Dict = { kind: 'dict', get: () => undefined, keys: () => [] }

function toDict(point: Point): Dict {
  return dict({
    vol: () => dict({ unit: () => point.series.unit, qty: () => point.quantity }),
    rating: () => dict({ price: () => point.price }),
    groupby: () => attributesDict(point.series.groupby, calendar(point.begin)),
    metadata: () => attributesDict(point.series.metadata, {}),
  })
}

function dict(entries: Readonly<Record<string, () => Value>>): Dict {
  return {
    kind: 'dict',
    get: (key) => (Object.hasOwn(entries, key) ? entries[key]!() : undefined),
    keys: () => Object.keys(entries),
  }
}

function attributesDict(attributes: Attributes, more: Readonly<Record<string, () => string>>): Dict {
  return {
    kind: 'dict',
    get: (key) => {
      if (Object.hasOwn(attributes, key)) return fromAttribute(attributes[key]!)
      return Object.hasOwn(more, key) ? more[key]!() : undefined
    },
    keys: () => [...new Set([...Object.keys(attributes), ...Object.keys(more)])],
  }
}

function fromAttribute(value: AttributeValue): Value {
  if (typeof value === 'number') return decimalFromNumber(value)
  if (Array.isArray(value)) return value.map(fromAttribute)
  return value !== null && typeof value === 'object' ? attributesDict(value, {}) : value
}

/** What CloudKitty's collectors add to `groupby` (cloudkitty/collector/__init__.py), by UTC. */
function calendar(begin: number): Readonly<Record<string, () => string>> {
  const date = () => toDate(begin)
  const dayIndex = () => Math.floor((begin - Date.UTC(date().getUTCFullYear(), 0, 1) / 1000) / 86_400)
  return {
    year: () => String(date().getUTCFullYear()),
    month: () => String(date().getUTCMonth() + 1),
    day_of_the_year: () => String(dayIndex() + 1),
    week_of_the_year: () => String(Math.floor((dayIndex() + 7 - date().getUTCDay()) / 7)).padStart(2, '0'),
  }
}

// --- reading

type Token =
  | { readonly kind: 'number'; readonly value: Decimal; readonly at: number }
  | { readonly kind: 'text'; readonly value: string; readonly at: number }
  | { readonly kind: 'name' | 'operator' | 'end'; readonly value: string; readonly at: number }

const KEYWORDS = new Set(['and', 'or', 'not', 'in', 'is', 'True', 'False', 'None'])
const OPERATORS = /(?:\/\/|==|!=|<=|>=|[-+*/%<>()[\]{},.:])/y
const NUMBER = /(?:\d[\d_]*(?:\.[\d_]*)?|\.\d[\d_]*)(?:[eE][-+]?\d{1,3})?/y
const NAME = /[A-Za-z_][A-Za-z0-9_]*/y
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', '\\': '\\', "'": "'", '"': '"' }

function tokenize(text: string): Token[] {
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
  if (!value || value.scale > DIGITS_MAX || tooLarge(value)) throw new SyntaxFault(at, 'a number out of range')
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

const COMPARISONS = ['==', '!=', '<', '<=', '>', '>=', 'in', 'not in', 'is', 'is not'] as const
type Comparison = (typeof COMPARISONS)[number]

/** Recursive descent, in Python's order of precedence. */
class Parser {
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

// --- meaning

function constantExpression(value: Value): Expression {
  return { constant: true, evaluate: () => value }
}

function list(items: readonly Expression[]): Expression {
  return {
    constant: items.every((item) => item.constant),
    evaluate: (datapoint) => items.map((item) => item.evaluate(datapoint)),
  }
}

/** Python's `or` (until: true) and `and`: the first operand that decides, else the last one. */
function shortCircuit(terms: readonly Expression[], until: boolean): Expression {
  if (terms.length === 1) return terms[0]!
  return {
    constant: terms.every((term) => term.constant),
    evaluate: (datapoint) => {
      let value: Value = null
      for (const term of terms) {
        value = term.evaluate(datapoint)
        if (truth(value) === until) return value
      }
      return value
    },
  }
}

function index(subject: Expression, key: Expression): Expression {
  return {
    constant: subject.constant && key.constant,
    evaluate: (datapoint) => {
      const container = subject.evaluate(datapoint)
      const wanted = key.evaluate(datapoint)
      if (isDict(container)) {
        const value = typeof wanted === 'string' ? container.get(wanted) : undefined
        if (value === undefined) throw new EvaluationError(`there is no ${show(wanted)}`)
        return value
      }
      if (typeof container === 'string' || isList(container)) {
        const at = toNumber(asNumber(wanted, 'an index'))
        const items = typeof container === 'string' ? Array.from(container) : container
        const value = Number.isInteger(at) ? items.at(at) : undefined
        if (value === undefined) throw new EvaluationError(`index ${show(wanted)} is out of range`)
        return value
      }
      throw new EvaluationError(`${show(container)} has no items`)
    },
  }
}

interface Callable {
  readonly arguments: { readonly min: number; readonly max: number }
  apply(values: readonly Value[]): Value
}

function call(callable: Callable, operands: readonly Expression[], name: Token): Expression {
  const { min, max } = callable.arguments
  if (operands.length < min || operands.length > max) {
    throw new SyntaxFault(name.at, `'${String(name.value)}' is called with a wrong number of arguments`)
  }
  return {
    constant: operands.every((operand) => operand.constant),
    evaluate: (datapoint) => callable.apply(operands.map((operand) => operand.evaluate(datapoint))),
  }
}

const one = { min: 1, max: 1 }
const several = { min: 1, max: 64 }

const FUNCTIONS: Readonly<Record<string, Callable>> = {
  float: { arguments: one, apply: ([value]) => numberFrom(value!) },
  Decimal: { arguments: one, apply: ([value]) => numberFrom(value!) },
  int: { arguments: one, apply: ([value]) => truncate(numberFrom(value!)) },
  str: { arguments: one, apply: ([value]) => textOf(value!) },
  bool: { arguments: one, apply: ([value]) => truth(value!) },
  len: { arguments: one, apply: ([value]) => decimal(String(lengthOf(value!))) },
  abs: {
    arguments: one,
    apply: ([value]) => {
      const number = asNumber(value!, 'the argument of abs()')
      return number.coefficient < 0n ? subtract(ZERO, number) : number
    },
  },
  min: { arguments: several, apply: (values) => extreme(values, '<') },
  max: { arguments: several, apply: (values) => extreme(values, '>') },
}

/** The subject is the first argument. */
const METHODS: Readonly<Record<string, Callable>> = {
  get: {
    arguments: { min: 2, max: 3 },
    apply: ([subject, key, otherwise = null]) => {
      if (!isDict(subject!)) throw new EvaluationError(`${show(subject!)} has no get()`)
      const value = typeof key === 'string' ? subject.get(key) : undefined
      return value === undefined ? otherwise : value
    },
  },
  startswith: {
    arguments: { min: 2, max: 2 },
    apply: ([text, part]) => affix(text!, part!, (a, b) => a.startsWith(b)),
  },
  endswith: { arguments: { min: 2, max: 2 }, apply: ([text, part]) => affix(text!, part!, (a, b) => a.endsWith(b)) },
  lower: { arguments: one, apply: ([text]) => asText(text!, 'the subject of lower()').toLowerCase() },
  upper: { arguments: one, apply: ([text]) => asText(text!, 'the subject of upper()').toUpperCase() },
  strip: { arguments: one, apply: ([text]) => asText(text!, 'the subject of strip()').trim() },
}

function affix(text: Value, part: Value, test: (text: string, part: string) => boolean): boolean {
  const subject = asText(text, 'the subject')
  return (isList(part) ? part : [part]).some((item) => test(subject, asText(item, 'the argument')))
}

function extreme(values: readonly Value[], comparison: '<' | '>'): Value {
  const items = values.length === 1 && isList(values[0]!) ? values[0] : values
  if (items.length === 0) throw new EvaluationError('min() or max() of nothing')
  return items.reduce((best, item) => (compares(comparison, item, best) ? item : best))
}

type Operator = '+' | '-' | '*' | '/' | '//' | '%'

function arithmetic(operator: Operator, left: Expression, right: Expression): Expression {
  return {
    constant: left.constant && right.constant,
    evaluate: (datapoint) => {
      const [a, b] = [left.evaluate(datapoint), right.evaluate(datapoint)]
      if (operator === '+' && typeof a === 'string' && typeof b === 'string') {
        if (a.length + b.length > 65_536) throw new EvaluationError('a text gets too long')
        return a + b
      }
      const result = calculate(
        operator,
        asNumber(a, `the left of ${operator}`),
        asNumber(b, `the right of ${operator}`),
      )
      if (result.scale > DIGITS_MAX || tooLarge(result)) throw new EvaluationError('a number gets out of range')
      return result
    },
  }
}

function calculate(operator: Operator, a: Decimal, b: Decimal): Decimal {
  switch (operator) {
    case '+':
      return add(a, b)
    case '-':
      return subtract(a, b)
    case '*':
      return mul(a, b)
    case '/':
      return divide(a, b)
    case '//':
      return floorDivide(a, b)
    case '%':
      return subtract(a, mul(floorDivide(a, b), b))
    default:
      return unreachable(operator)
  }
}

/** To 28 significant digits, half-even. */
function divide(a: Decimal, b: Decimal): Decimal {
  if (isZero(b)) throw new EvaluationError('division by zero')
  const scale = Math.max(0, PRICE_DIGITS + 2 + digits(b) - digits(a) - b.scale + a.scale)
  const [numerator, denominator] = [a.coefficient * power10(b.scale + scale), b.coefficient * power10(a.scale)]
  const quotient = divideRounded(
    denominator < 0n ? -numerator : numerator,
    denominator < 0n ? -denominator : denominator,
  )
  return roundDigits(new Decimal(quotient, scale), PRICE_DIGITS)
}

function digits(value: Decimal): number {
  return value.coefficient.toString().length
}

function floorDivide(a: Decimal, b: Decimal): Decimal {
  if (isZero(b)) throw new EvaluationError('division by zero')
  const [x, y] = [a.coefficient * power10(b.scale), b.coefficient * power10(a.scale)]
  const quotient = x / y
  return new Decimal(x % y !== 0n && x < 0n !== y < 0n ? quotient - 1n : quotient, 0)
}

function tooLarge(value: Decimal): boolean {
  const limit = power10(2 * DIGITS_MAX)
  return value.coefficient >= limit || value.coefficient <= -limit
}

function truncate(value: Decimal): Decimal {
  return new Decimal(value.coefficient / power10(value.scale), 0)
}

function compares(comparison: Comparison, left: Value, right: Value): boolean {
  switch (comparison) {
    case '==':
      return equal(left, right)
    case '!=':
      return !equal(left, right)
    case 'is':
      return typeof left === typeof right && equal(left, right)
    case 'is not':
      return !(typeof left === typeof right && equal(left, right))
    case 'in':
      return contains(right, left)
    case 'not in':
      return !contains(right, left)
    case '<':
      return order(left, right) < 0
    case '<=':
      return order(left, right) <= 0
    case '>':
      return order(left, right) > 0
    case '>=':
      return order(left, right) >= 0
    default:
      return unreachable(comparison)
  }
}

function equal(left: Value, right: Value): boolean {
  const [a, b] = [numeric(left), numeric(right)]
  if (a && b) return compare(a, b) === 0
  if (isList(left) && isList(right)) {
    return left.length === right.length && left.every((item, i) => equal(item, right[i]!))
  }
  if (isDict(left) && isDict(right)) {
    const keys = left.keys()
    return keys.length === right.keys().length && keys.every((key) => sameEntry(left, right, key))
  }
  return left === right
}

function sameEntry(left: Dict, right: Dict, key: string): boolean {
  const [a, b] = [left.get(key), right.get(key)]
  return a !== undefined && b !== undefined && equal(a, b)
}

function contains(container: Value, item: Value): boolean {
  if (typeof container === 'string') return container.includes(asText(item, 'the left of in'))
  if (isList(container)) return container.some((candidate) => equal(candidate, item))
  if (isDict(container)) return typeof item === 'string' && container.get(item) !== undefined
  throw new EvaluationError(`${show(container)} has no items`)
}

function order(left: Value, right: Value): number {
  const [a, b] = [numeric(left), numeric(right)]
  if (a && b) return compare(a, b)
  if (typeof left === 'string' && typeof right === 'string') return orderOfTexts(left, right)
  throw new EvaluationError(`${show(left)} and ${show(right)} have no order`)
}

/** By code point, as Python does; JavaScript's own `<` goes by UTF-16 unit. */
function orderOfTexts(left: string, right: string): number {
  const [a, b] = [Array.from(left), Array.from(right)]
  for (let i = 0; i < a.length && i < b.length; i++) {
    const difference = a[i]!.codePointAt(0)! - b[i]!.codePointAt(0)!
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

/** True and False count as 1 and 0, as in Python. */
function numeric(value: Value): Decimal | undefined {
  if (typeof value === 'boolean') return value ? ONE : ZERO
  return isDecimal(value) ? value : undefined
}

function asNumber(value: Value, what: string): Decimal {
  const number = numeric(value)
  if (!number) throw new EvaluationError(`${what} is ${show(value)}, not a number`)
  return number
}

/** Python's `float(x)`, exact. */
function numberFrom(value: Value): Decimal {
  if (typeof value !== 'string') return asNumber(value, 'the argument')
  const number = /^\s*\S{1,400}\s*$/.test(value) ? parseDecimal(value.trim()) : undefined
  if (!number || number.scale > DIGITS_MAX || tooLarge(number)) {
    throw new EvaluationError(`${show(value)} is not a number`)
  }
  return number
}

function asText(value: Value, what: string): string {
  if (typeof value !== 'string') throw new EvaluationError(`${what} is ${show(value)}, not a text`)
  return value
}

function lengthOf(value: Value): number {
  if (typeof value === 'string') return Array.from(value).length
  if (isList(value)) return value.length
  if (isDict(value)) return value.keys().length
  throw new EvaluationError(`${show(value)} has no length`)
}

function truth(value: Value): boolean {
  if (value === null || typeof value === 'boolean') return value ?? false
  if (isDecimal(value)) return !isZero(value)
  return lengthOf(value) > 0
}

/** Python's `str(x)`; numbers without trailing zeros. */
function textOf(value: Value): string {
  if (typeof value === 'string') return value
  if (value === null) return 'None'
  if (typeof value === 'boolean') return value ? 'True' : 'False'
  if (isDecimal(value)) return formatDecimal(value)
  throw new EvaluationError('str() takes texts, numbers, True, False and None')
}

function show(value: Value): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value)
  if (isList(value)) return 'a list'
  return isDict(value) ? 'a dict' : textOf(value)
}

function toNumber(value: Decimal): number {
  return Number(formatDecimal(value))
}

function isDecimal(value: Value): value is Decimal {
  return value instanceof Decimal
}

function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value)
}

function isDict(value: Value): value is Dict {
  return typeof value === 'object' && value !== null && 'kind' in value
}
