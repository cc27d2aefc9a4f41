import { chunksOf } from '../lib/chunks.ts'
import type { Batches } from '../state/batches.ts'
import type { UnmeasuredReset } from '../state/resets.ts'
import type { Scopes } from '../state/scopes.ts'
import type { ScopeNames } from '../state/scope-names.ts'
import { diffOf } from '../state/task-diff.ts'
import type { PointStore } from '../storage/point-store.ts'
import { sumsByType } from './sums-by-type.ts'

export interface MeasuringParts {
  readonly scopes: Pick<Scopes, 'resets'>
  readonly batches: Pick<Batches, 'snapshot'>
  readonly store: Pick<PointStore, 'total'>
  readonly names: Pick<ScopeNames, 'scopeKey'>
}

/** Resets that are measured in one go. */
const ROUND = 2000
/** Scopes whose sums are asked for at a time. */
const CHUNK = 500

/**
 * Takes the sums of what resets took back, and when the scopes are where they were, of what they have now; so each keeps what
 * it changed. The sweep waits for the former. Again, or by several processors at a time, is harmless.
 */
export async function measureResets(
  { scopes: { resets }, batches, store, names: { scopeKey } }: MeasuringParts,
  signal: AbortSignal,
): Promise<void> {
  for (const group of alike(await resets.unmeasured(ROUND))) {
    const tombstones = [...new Set(group.map((reset) => reset.tombstone))]
    const snapshot = await resets.snapshotBefore({ upTo: group[0]!.upTo, tombstones })
    if (!snapshot) continue
    const sums = await sumsByType(store, { scopeKey, ...query(group) }, snapshot, signal)
    for (const { id, scopeId } of group) await resets.setBefore(id, sums.get(scopeId)!)
  }
  for (const group of alike(await resets.arrived(ROUND))) {
    const sums = await sumsByType(store, { scopeKey, ...query(group) }, await batches.snapshot(), signal)
    for (const { id, scopeId, before } of group) {
      await resets.finish(id, before && diffOf(before, sums.get(scopeId)!))
    }
  }
}

function query(group: readonly UnmeasuredReset[]) {
  return { scopeIds: [...new Set(group.map((reset) => reset.scopeId))], period: group[0]!.period }
}

/** Groups that were made by one reset and are of one period, and so can be asked for together. */
function alike(resets: readonly UnmeasuredReset[]): UnmeasuredReset[][] {
  const groups = new Map<string, UnmeasuredReset[]>()
  for (const reset of resets) {
    const key = [reset.upTo, reset.period.begin, reset.period.end].join(' ')
    const group = groups.get(key)
    if (group) group.push(reset)
    else groups.set(key, [reset])
  }
  return [...groups.values()].flatMap((group) => [...chunksOf(group, CHUNK)])
}
