import { add, compare, Decimal, decimalFromNumber, mul, power10, ZERO } from '../../domain/decimal.ts'
import { cut, type Exact, Fraction } from '../../domain/fraction.ts'
import { unreachable } from '../../lib/unreachable.ts'
import type { Method } from './extra-args.ts'

/** One value of the values at several instants, at least one, in the order of time; exact where the method permits. */
export function reAggregate(values: readonly Decimal[], method: Method): Exact {
  switch (method) {
    case 'first':
      return values[0]!
    case 'last':
      return values.at(-1)!
    case 'max':
      return values.reduce((a, b) => (compare(a, b) >= 0 ? a : b))
    case 'min':
      return values.reduce((a, b) => (compare(a, b) <= 0 ? a : b))
    // Each value is a count already, of the series that had one at that instant.
    case 'count':
    case 'sum':
      return sum(values)
    case 'mean':
      return divide(sum(values), values.length)
    case 'median': {
      const sorted = values.toSorted(compare)
      const middle = sorted.length >> 1
      return sorted.length % 2 === 1 ? sorted[middle]! : divide(add(sorted[middle - 1]!, sorted[middle]!), 2)
    }
    case 'std': {
      // Of the whole population, as Gnocchi's own across series.
      const squares = sum(values.map((value) => mul(value, value)))
      const total = sum(values)
      const count = new Decimal(BigInt(values.length), 0)
      const spread = add(mul(squares, count), new Decimal(-mul(total, total).coefficient, mul(total, total).scale))
      return decimalFromNumber(Math.sqrt(toNumber(divide(spread, values.length ** 2))))
    }
    default:
      return unreachable(method)
  }
}

function sum(values: readonly Decimal[]): Decimal {
  return values.reduce((a, b) => add(a, b), ZERO)
}

function divide(value: Decimal, by: number): Fraction {
  return new Fraction(value.coefficient, power10(value.scale) * BigInt(by))
}

/** More digits than a double has. */
const DOUBLE_SCALE = 40

function toNumber(value: Fraction): number {
  return Number(cut(value, DOUBLE_SCALE).toString())
}
