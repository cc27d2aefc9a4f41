import { ZERO } from '../domain/decimal.ts'
import type { Period } from '../domain/period.ts'
import type { Snapshot } from '../domain/snapshot.ts'
import type { Sums, TypeDiff } from '../state/task-diff.ts'
import type { PointStore, ValueField } from '../storage/point-store.ts'

export interface SumsQuery {
  readonly scopeKey: string
  readonly scopeId: string
  readonly period: Period
}

const NOTHING: Sums = { quantity: ZERO, price: ZERO }

/** What two readers see of a scope in a period, type by type, as one before and one after a change do. By type. */
export async function compareSums(
  store: Pick<PointStore, 'total'>,
  query: SumsQuery,
  { before, after }: { before: Snapshot; after: Snapshot },
  signal: AbortSignal,
): Promise<TypeDiff[]> {
  const then = await sumsByType(store, query, before, signal)
  const now = await sumsByType(store, query, after, signal)
  return [...new Set([...then.keys(), ...now.keys()])]
    .toSorted()
    .map((type) => ({ type, before: then.get(type) ?? NOTHING, after: now.get(type) ?? NOTHING }))
}

/** The exact sums of a scope in a period, by type. */
export async function sumsByType(
  store: Pick<PointStore, 'total'>,
  { scopeKey, scopeId, period }: SumsQuery,
  snapshot: Snapshot,
  signal: AbortSignal,
): Promise<Map<string, Sums>> {
  if (period.begin >= period.end) return new Map()
  const { rows } = await store.total(
    {
      ...period,
      types: [],
      attributes: new Map([[scopeKey, [scopeId]]]),
      groupby: [{ by: 'type' }],
      values: SUMS,
      offset: 0,
      limit: undefined,
    },
    snapshot,
    signal,
  )
  return new Map(rows.map(({ groups, values }) => [groups[0]!, { quantity: values[0]!, price: values[1]! }]))
}

const SUMS: readonly ValueField[] = [
  { function: 'sum', column: 'qty', alias: 'qty' },
  { function: 'sum', column: 'price', alias: 'price' },
]
