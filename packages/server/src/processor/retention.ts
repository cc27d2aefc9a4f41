import type { Instant } from '../domain/period.ts'
import { keptFrom } from '../domain/retention.ts'
import type { TimeZone } from '../domain/time-zone.ts'
import type { Maintenance } from '../state/maintenance.ts'
import type { StateDatabase } from '../state/database.ts'
import { unfinishedBefore } from '../state/unfinished.ts'
import type { Dropped, KeepFrom, PointStore } from '../storage/point-store.ts'
import type { ProcessorEvents } from './events.ts'

export interface RetentionParts {
  readonly db: StateDatabase
  readonly maintenance: Maintenance
  readonly store: PointStore
  readonly events: Pick<ProcessorEvents, 'pastIsNeeded' | 'pastDropped'>
}

/** One processor looks so often, whatever their number. */
const EVERY_SECONDS = 3600
/** A sample may say what held before the period that is rated (`time_weighted_mean`): samples are kept longer than points. */
const SAMPLES_LONGER_SECONDS = 86_400

/**
 * Deletes what is older than `[storage] retention_period`, unless another processor has just done so; undefined then, and
 * when everything is kept. Kept, however old: points that are to be rated again, and samples of what is not rated yet.
 */
export async function dropPast(
  { db, maintenance, store, events }: RetentionParts,
  { now, hours, zone }: { readonly now: Instant; readonly hours: number | undefined; readonly zone: TimeZone },
  signal?: AbortSignal,
): Promise<Dropped | undefined> {
  const bound = keptFrom(now, hours, zone)
  if (bound === undefined || !(await maintenance.take('retention', EVERY_SECONDS))) return undefined
  const unfinished = await unfinishedBefore(db, bound)
  const { scope, task } = unfinished
  const points = Math.min(bound, task?.begin ?? bound)
  const keep: KeepFrom = { points, samples: Math.min(points, scope?.nextBegin ?? points) - SAMPLES_LONGER_SECONDS }
  events.pastIsNeeded(unfinished)
  const dropped = await store.dropBefore(keep, signal)
  events.pastDropped(dropped, keep.points)
  return dropped
}
