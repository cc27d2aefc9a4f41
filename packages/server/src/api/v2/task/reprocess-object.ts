import { z } from 'zod'
import { formatNaive } from '../../../http/datetime.ts'
import { toDate } from '../../../domain/period.ts'
import type { Reprocess } from '../../../state/reprocesses.ts'

export const ReprocessObject = z.strictObject({
  scope_id: z.string(),
  reason: z.string(),
  start_reprocess_time: z.string(),
  end_reprocess_time: z.string(),
  current_reprocess_time: z.string(),
})

/** Dates are naive here, unlike in the rest of API v2, as in CloudKitty. */
export function toReprocessObject({ scopeId, reason, period, current }: Reprocess): z.output<typeof ReprocessObject> {
  return {
    scope_id: scopeId,
    reason,
    start_reprocess_time: formatNaive(toDate(period.begin)),
    end_reprocess_time: formatNaive(toDate(period.end)),
    current_reprocess_time: current === undefined ? '' : formatNaive(toDate(current)),
  }
}
