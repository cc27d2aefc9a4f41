import {
  add,
  compare,
  Decimal,
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
import { compareTexts } from '../lib/compare-texts.ts'
import { pythonText } from '../lib/python-text.ts'
import { unreachable } from '../lib/unreachable.ts'

/** A value of Python, as far as the language goes. Lists and tuples are alike. */
export type Value = null | boolean | string | Decimal | readonly Value[] | Dict

/** Asked lazily: most expressions look at one thing of a point. */
export interface Dict {
  readonly kind: 'dict'
  get(key: string): Value | undefined
  keys(): readonly string[]
}

/** Where Python would raise an error for this point. */
export class EvaluationError extends Error {
  override readonly name = 'EvaluationError'
}

/** Numbers may have about so many digits before and after the point. */
const DIGITS_MAX = 1000

/** `{}`. */
export const NO_DICT: Dict = { kind: 'dict', get: () => undefined, keys: () => [] }

export const COMPARISONS = ['==', '!=', '<', '<=', '>', '>=', 'in', 'not in', 'is', 'is not'] as const
export type Comparison = (typeof COMPARISONS)[number]

export type Operator = '+' | '-' | '*' | '/' | '//' | '%'

/** Exact, but for `/`. `//` and `%` go towards minus infinity, as Python's do for whole numbers. */
export function calculate(operator: Operator, a: Decimal, b: Decimal): Decimal {
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

/** To 28 significant digits, half-even, rounded once: a quotient that was cut before may lie beside the middle, or on it. */
function divide(a: Decimal, b: Decimal): Decimal {
  if (isZero(b)) throw new EvaluationError('division by zero')
  const [x, y] = b.coefficient < 0n ? [-a.coefficient, -b.coefficient] : [a.coefficient, b.coefficient]
  const atShift = (shift: number) => [x * power10(Math.max(0, shift)), y * power10(Math.max(0, -shift))] as const
  // With this shift the quotient of the coefficients has 28 digits before its point, or 29.
  let shift = PRICE_DIGITS + digits(y) - digits(x)
  const [numerator, denominator] = atShift(shift)
  if (digits(numerator / denominator) > PRICE_DIGITS) shift--
  const quotient = divideRounded(...atShift(shift))
  const scale = shift + a.scale - b.scale
  return roundDigits(new Decimal(quotient * power10(Math.max(0, -scale)), Math.max(0, scale)), PRICE_DIGITS)
}

function digits(coefficient: bigint): number {
  return (coefficient < 0n ? -coefficient : coefficient).toString().length
}

function floorDivide(a: Decimal, b: Decimal): Decimal {
  if (isZero(b)) throw new EvaluationError('division by zero')
  const [x, y] = [a.coefficient * power10(b.scale), b.coefficient * power10(a.scale)]
  const quotient = x / y
  return new Decimal(x % y !== 0n && x < 0n !== y < 0n ? quotient - 1n : quotient, 0)
}

/** So that no expression can make the service count for minutes. */
export function isOutOfRange(value: Decimal): boolean {
  const limit = power10(2 * DIGITS_MAX)
  return value.scale > DIGITS_MAX || value.coefficient >= limit || value.coefficient <= -limit
}

export function truncate(value: Decimal): Decimal {
  return new Decimal(value.coefficient / power10(value.scale), 0)
}

/** Numbers of all kinds compare by value; texts and numbers are never equal, and have no order. */
export function compares(comparison: Comparison, left: Value, right: Value): boolean {
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
  if (typeof left === 'string' && typeof right === 'string') return compareTexts(left, right)
  throw new EvaluationError(`${show(left)} and ${show(right)} have no order`)
}

/** True and False count as 1 and 0, as in Python. */
function numeric(value: Value): Decimal | undefined {
  if (typeof value === 'boolean') return value ? ONE : ZERO
  return isDecimal(value) ? value : undefined
}

export function asNumber(value: Value, what: string): Decimal {
  const number = numeric(value)
  if (!number) throw new EvaluationError(`${what} is ${show(value)}, not a number`)
  return number
}

/** Python's `float(x)`, exact. */
export function numberFrom(value: Value): Decimal {
  if (typeof value !== 'string') return asNumber(value, 'the argument')
  const number = /^\s*\S{1,400}\s*$/.test(value) ? parseDecimal(value.trim()) : undefined
  if (!number || isOutOfRange(number)) {
    throw new EvaluationError(`${show(value)} is not a number`)
  }
  return number
}

export function asText(value: Value, what: string): string {
  if (typeof value !== 'string') throw new EvaluationError(`${what} is ${show(value)}, not a text`)
  return value
}

export function lengthOf(value: Value): number {
  if (typeof value === 'string') return Array.from(value).length
  if (isList(value)) return value.length
  if (isDict(value)) return value.keys().length
  throw new EvaluationError(`${show(value)} has no length`)
}

/** Python's `bool(x)`. */
export function truth(value: Value): boolean {
  if (value === null || typeof value === 'boolean') return value ?? false
  if (isDecimal(value)) return !isZero(value)
  return lengthOf(value) > 0
}

/** Python's `str(x)`; numbers without trailing zeros. */
export function textOf(value: Value): string {
  if (value === null || typeof value !== 'object') return pythonText(value)
  if (isDecimal(value)) return formatDecimal(value)
  throw new EvaluationError('str() takes texts, numbers, True, False and None')
}

/** For messages. */
export function show(value: Value): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value)
  if (isList(value)) return 'a list'
  return isDict(value) ? 'a dict' : textOf(value)
}

export function toNumber(value: Decimal): number {
  return Number(formatDecimal(value))
}

function isDecimal(value: Value): value is Decimal {
  return value instanceof Decimal
}

export function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value)
}

export function isDict(value: Value): value is Dict {
  return typeof value === 'object' && value !== null && 'kind' in value
}
