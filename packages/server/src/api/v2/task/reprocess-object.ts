import { z } from 'zod'
import { formatNaive } from '../../../http/datetime.ts'
import { toDate } from '../../../domain/period.ts'
import type { Reprocess } from '../../../state/reprocesses.ts'
import { taskFields, toDiffObject, toFailureObject, toPercent } from './task-object.ts'

export const ReprocessObject = z.strictObject({
  scope_id: z.string(),
  reason: z.string(),
  start_reprocess_time: z.string(),
  end_reprocess_time: z.string(),
  current_reprocess_time: z.string(),
  ...taskFields,
})

/** Dates are naive here, unlike in the rest of API v2, as in CloudKitty. */
export function toReprocessObject(
  { id, scopeId, reason, period, current, state, failure, diff }: Reprocess,
  periodSeconds: number,
): z.output<typeof ReprocessObject> {
  const reached = current === undefined ? period.begin : current + periodSeconds
  return {
    scope_id: scopeId,
    reason,
    start_reprocess_time: formatNaive(toDate(period.begin)),
    end_reprocess_time: formatNaive(toDate(period.end)),
    current_reprocess_time: current === undefined ? '' : formatNaive(toDate(current)),
    id,
    state,
    progress: toPercent(state, period, reached),
    ...(failure ? { failure: toFailureObject(failure) } : {}),
    ...(diff ? { diff: toDiffObject(diff) } : {}),
  }
}
