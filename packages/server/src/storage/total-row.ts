import type { Decimal } from '../domain/decimal.ts'
import type { Instant } from '../domain/period.ts'
import type { Grouping, TotalQuery, TotalRow, ValueField } from './point-store.ts'

/** The columns of points that values are made of. */
export const VALUE_COLUMNS = { qty: 'quantity', price: 'price' } as const

/** One group of an answer: `bucket` is the begin of its time bucket where the query has any, `value` reads a column. */
export function totalRow(
  { begin, end, groupby, values }: TotalQuery,
  bucket: Instant,
  groups: readonly string[],
  value: (field: ValueField) => Decimal,
): TotalRow {
  const time = groupby.find((grouping) => grouping.by === 'time')
  const period = time ? { begin: bucket, end: bucket + time.seconds } : { begin, end }
  return { ...period, values: values.map(value), groups }
}

/** What points are grouped by other than time, by the name that a filter has for it, in order. */
export function groupNames(groupby: readonly Grouping[]): string[] {
  return groupby.flatMap((grouping) => {
    if (grouping.by === 'time') return []
    return [grouping.by === 'type' ? 'type' : grouping.name]
  })
}
