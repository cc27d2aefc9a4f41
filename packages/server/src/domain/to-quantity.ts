import { ceil, compare, type Decimal, floor, isZero, ONE, STORED_SCALE, ZERO } from './decimal.ts'
import { convert } from './fraction.ts'
import type { Metric } from './metric.ts'
import { unreachable } from '../lib/unreachable.ts'

/** Collected value to rated quantity: unit first, then mutation, as CloudKitty does; cut to what the store keeps. */
export function toQuantity(
  collected: Decimal,
  metric: Pick<Metric, 'factor' | 'offset' | 'mutate' | 'mutateMap'>,
): Decimal {
  return mutate(convert(collected, metric.factor, metric.offset, STORED_SCALE), metric)
}

/** The mutation alone, for a value that is converted already. */
export function mutate(value: Decimal, { mutate: mode, mutateMap }: Pick<Metric, 'mutate' | 'mutateMap'>): Decimal {
  switch (mode) {
    case 'NONE':
      return value
    case 'NUMBOOL':
      return isZero(value) ? ZERO : ONE
    case 'NOTNUMBOOL':
      return isZero(value) ? ONE : ZERO
    case 'FLOOR':
      return floor(value)
    case 'CEIL':
      return ceil(value)
    case 'MAP':
      return mutateMap.find(([key]) => compare(key, value) === 0)?.[1] ?? ZERO
    default:
      return unreachable(mode)
  }
}
