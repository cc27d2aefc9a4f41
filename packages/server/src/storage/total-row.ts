import type { Decimal } from '../domain/decimal.ts'
import type { Instant } from '../domain/period.ts'
import type { TotalQuery, TotalRow, ValueField } from './point-store.ts'

/** The columns of points that values are made of. */
export const VALUE_COLUMNS = { qty: 'quantity', price: 'price' } as const

/** One group of an answer: `bucket` is the begin of its time bucket where the query has any, `value` reads a column. */
export function totalRow(
  { begin, end, buckets, values }: TotalQuery,
  bucket: Instant,
  groups: readonly string[],
  value: (field: ValueField) => Decimal,
): TotalRow {
  const period = buckets ? { begin: bucket, end: bucket + buckets.seconds } : { begin, end }
  return { ...period, values: values.map(value), groups }
}
