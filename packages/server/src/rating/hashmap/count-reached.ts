import { compare, type Decimal } from '../../domain/decimal.ts'

/** How many of the ascending levels are at or below the value. */
export function countReached(levels: readonly Decimal[], value: Decimal): number {
  let count = 0
  while (count < levels.length && compare(levels[count]!, value) <= 0) count++
  return count
}
