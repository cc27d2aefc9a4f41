import { Decimal, divideRounded, STORED_SCALE } from '../../domain/decimal.ts'
import { unreachable } from '../../lib/unreachable.ts'
import type { ValueField } from '../point-store.ts'
import { VALUE_COLUMNS } from '../total-row.ts'
import { exactSql, REST, type Rest, toUnits } from './stored-value.ts'

/** A column that is computed from points, and once more from what that gave. */
export interface PartialSum {
  readonly name: string
  /** The scan that computes it: of all points, or of those that have digits of this kind. */
  readonly scan: Rest
  readonly points: string
  readonly again: string
}

/** What must be computed to know the values. `widest` says which scans the file needs at all. */
export function toPartialSums(values: readonly ValueField[], widest: Rest, alone: boolean): PartialSum[] {
  const partialSums = new Map<string, PartialSum>()
  const put = (name: string, scan: Rest, points: string, again: string) =>
    partialSums.set(name, { name, scan, points, again })
  // Without groups a sum over nothing would be a row like any other.
  if (alone) put('points', REST.none, 'count(*)', 'sum(points)')
  for (const value of values) {
    const column = VALUE_COLUMNS[value.column]
    switch (value.function) {
      case 'count':
        put('points', REST.none, 'count(*)', 'sum(points)')
        break
      case 'mean':
      case 'sum':
        if (value.function === 'mean') put('points', REST.none, 'count(*)', 'sum(points)')
        put(`${column}_nano`, REST.none, `sum(p.${column})`, `sum(${column}_nano)`)
        if (widest >= REST.atto) put(`${column}_atto`, REST.atto, `sum(p.${column}_atto)`, `sum(${column}_atto)`)
        if (widest >= REST.high) put(`${column}_high`, REST.high, `sum(p.${column}_high)`, `sum(${column}_high)`)
        break
      case 'min':
      case 'max': {
        const name = `${column}_${value.function}`
        put(name, REST.none, `${value.function}(${exactSql(column)})`, `${value.function}(${name})`)
        break
      }
      case 'first':
      case 'last': {
        const name = `${column}_${value.function}`
        const pick = value.function === 'first' ? 'min' : 'max'
        put(name, REST.none, `${pick}({'at': p.begin_at, 'value': ${exactSql(column)}})`, `${pick}(${name})`)
        break
      }
      default:
        unreachable(value.function)
    }
  }
  return [...partialSums.values()]
}

/**
 * The points' sums by `keys`: a row for each, with the keys and the partialSums by their names. What nine digits do not hold
 * is summed by scans of its own, over the row groups that have such values, so that a key may come in several rows.
 */
export function summedSql(
  keys: readonly string[],
  partialSums: readonly PartialSum[],
  from: string,
  where: string,
): string {
  return [REST.none, REST.atto, REST.high]
    .map((rest) => ({ rest, columns: partialSums.filter((partial) => partial.scan === rest) }))
    .filter(({ rest, columns }) => rest === REST.none || columns.length > 0)
    .map(({ rest, columns }) => {
      const selected = [...keys, ...columns.map(({ name, points }) => `${points} AS ${name}`)]
      const wide = rest === REST.none ? '' : ` AND p.rest >= ${rest}`
      const by = keys.map((_, i) => i + 1).join(', ')
      return `SELECT ${selected.join(', ') || '1'} FROM ${from} WHERE ${where}${wide}${by && ` GROUP BY ${by}`}`
    })
    .join(' UNION ALL BY NAME ')
}

/** A value of a group; `cell` gives its partialSums. */
export function readValue(value: ValueField, cell: (name: string) => unknown): Decimal {
  const column = VALUE_COLUMNS[value.column]
  const part = (name: string) => (cell(name) as bigint | null | undefined) ?? 0n
  const sum = () => toUnits(part(`${column}_nano`), part(`${column}_atto`), part(`${column}_high`))
  switch (value.function) {
    case 'count':
      return new Decimal(part('points'), 0)
    case 'sum':
      return new Decimal(sum(), STORED_SCALE)
    case 'mean':
      return new Decimal(divideRounded(sum(), part('points')), STORED_SCALE)
    case 'min':
    case 'max':
      return new Decimal(part(`${column}_${value.function}`), STORED_SCALE)
    case 'first':
    case 'last': {
      const picked = cell(`${column}_${value.function}`) as { entries: { value: bigint } }
      return new Decimal(picked.entries.value, STORED_SCALE)
    }
    default:
      return unreachable(value.function)
  }
}
