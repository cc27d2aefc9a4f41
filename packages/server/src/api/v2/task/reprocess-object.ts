import { z } from 'zod'
import { formatNaive, naiveText } from '../../../http/datetime.ts'
import { toDate } from '../../../domain/period.ts'
import type { Reprocess } from '../../../state/reprocesses.ts'
import { toFailureObject } from '../to-failure-object.ts'
import { taskFields, toDiffObject, toPercent } from './task-object.ts'

export const ReprocessObject = z
  .strictObject({
    scope_id: z.string(),
    reason: z.string(),
    start_reprocess_time: naiveText(),
    end_reprocess_time: naiveText(),
    current_reprocess_time: z.string().describe('As the other two; empty before the first period is done.'),
    ...taskFields,
  })
  .meta({ id: 'Reprocess' })

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
