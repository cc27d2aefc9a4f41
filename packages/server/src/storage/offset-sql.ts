import type { Offset } from '../domain/time-zone.ts'

/**
 * The seconds that go with the instant in a column, in either dialect: a choice between few is made in few steps, whatever
 * the number of changes. `add` makes a parameter of a number.
 */
export function offsetSql(offsets: readonly Offset[], column: string, add: (value: number) => string): string {
  if (offsets.length === 1) return add(offsets[0]!.seconds)
  const middle = offsets.length >> 1
  const before = offsetSql(offsets.slice(0, middle), column, add)
  const after = offsetSql(offsets.slice(middle), column, add)
  return `CASE WHEN ${column} < ${add(offsets[middle]!.from)} THEN ${before} ELSE ${after} END`
}
