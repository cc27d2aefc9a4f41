import type { Period } from '../domain/period.ts'
import type { Snapshot } from '../domain/snapshot.ts'
import type { Sums, TypeSums } from '../state/task-diff.ts'
import { groupingBy } from '../storage/grouping.ts'
import type { PointStore, ValueField } from '../storage/point-store.ts'

const SUMS: readonly ValueField[] = [
  { function: 'sum', column: 'qty', alias: 'qty' },
  { function: 'sum', column: 'price', alias: 'price' },
]

/** The exact sums of scopes in a period, by scope and type, as a reader with that snapshot sees them. */
export async function sumsByType(
  store: Pick<PointStore, 'total'>,
  { scopeKey, scopeIds, period }: { scopeKey: string; scopeIds: readonly string[]; period: Period },
  snapshot: Snapshot,
  signal: AbortSignal,
): Promise<Map<string, TypeSums>> {
  const byScope = new Map(scopeIds.map((scopeId) => [scopeId, new Map<string, Sums>()]))
  if (period.begin >= period.end) return byScope
  const { rows } = await store.total(
    {
      ...period,
      types: [],
      attributes: new Map([[scopeKey, scopeIds]]),
      groupby: [groupingBy(scopeKey), { by: 'type' }],
      values: SUMS,
      offset: 0,
      limit: undefined,
    },
    snapshot,
    signal,
  )
  for (const { groups, values } of rows) {
    const [scopeId, type] = groups as [string, string]
    byScope.get(scopeId)?.set(type, { quantity: values[0]!, price: values[1]! })
  }
  return byScope
}
