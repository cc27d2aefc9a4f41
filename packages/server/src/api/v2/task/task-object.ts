import { z } from 'zod'
import { out } from '../../../http/v2-types.ts'
import type { Instant, Period } from '../../../domain/period.ts'
import { TASK_STATES } from '../../../state/reprocesses.ts'
import type { ResetState } from '../../../state/resets.ts'
import type { Sums, TypeDiff } from '../../../state/task-diff.ts'

const SumsObject = z.strictObject({ qty: out.decimal(), price: out.decimal() }).meta({ id: 'Sums' })

/** What the objects of all tasks have in common. Ours: CloudKitty shows none of it, and its clients pass over it. */
export const taskFields = {
  id: z.int(),
  state: z
    .enum(TASK_STATES)
    .meta({ description: '`retrying`: the last try failed, the next one is made at `retry_at`.' }),
  progress: z.int().min(0).max(100).meta({ description: 'Percent.' }),
  failure: out.failure().optional(),
  diff: z
    .array(z.strictObject({ type: z.string(), before: SumsObject, after: SumsObject }).meta({ id: 'TypeDiff' }))
    .optional()
    .meta({ description: 'What the task made of the sums, by metric type; once it is done.' }),
}

export function toDiffObject(diff: readonly TypeDiff[]) {
  return diff.map(({ type, before, after }) => ({ type, before: toSumsObject(before), after: toSumsObject(after) }))
}

function toSumsObject({ quantity, price }: Sums) {
  return { qty: quantity, price }
}

/** Whole percent of a period that is done up to `reached`; 100 only for a task that is done. */
export function toPercent(state: ResetState, { begin, end }: Period, reached: Instant): number {
  if (state === 'done') return 100
  const share = end > begin ? (reached - begin) / (end - begin) : 0
  return Math.max(0, Math.min(99, Math.floor(share * 100)))
}
