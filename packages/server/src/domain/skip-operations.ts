import { decimal, subtract, ZERO } from './decimal.ts'
import { SyntaxFault, type Token } from './skip-tokens.ts'
import {
  type Dict,
  EvaluationError,
  type Operator,
  type Value,
  asNumber,
  asText,
  calculate,
  compares,
  isDict,
  isList,
  isOutOfRange,
  lengthOf,
  numberFrom,
  show,
  textOf,
  toNumber,
  truncate,
  truth,
} from './skip-value.ts'

/** A part of a skip expression, ready to be asked for points. */
export interface Expression {
  /** It does not look at the point. */
  readonly constant: boolean
  evaluate(datapoint: Dict): Value
}

export function constantExpression(value: Value): Expression {
  return { constant: true, evaluate: () => value }
}

export function list(items: readonly Expression[]): Expression {
  return {
    constant: items.every((item) => item.constant),
    evaluate: (datapoint) => items.map((item) => item.evaluate(datapoint)),
  }
}

/** Python's `or` (until: true) and `and`: the first operand that decides, else the last one. */
export function shortCircuit(terms: readonly Expression[], until: boolean): Expression {
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

export function index(subject: Expression, key: Expression): Expression {
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

export function call(callable: Callable, operands: readonly Expression[], name: Token): Expression {
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

export const FUNCTIONS: Readonly<Record<string, Callable>> = {
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
export const METHODS: Readonly<Record<string, Callable>> = {
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

export function arithmetic(operator: Operator, left: Expression, right: Expression): Expression {
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
      if (isOutOfRange(result)) throw new EvaluationError('a number gets out of range')
      return result
    },
  }
}
