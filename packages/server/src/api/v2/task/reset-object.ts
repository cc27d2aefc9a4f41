import { z } from 'zod'
import type { ListDeps } from '../../../http/within-rows.ts'
import { out } from '../../../http/v2-types.ts'
import { formatInstant } from '../../../domain/period.ts'
import type { AuthorDeps } from '../../../state/audit.ts'
import { type Reset, RESET_STATES } from '../../../state/resets.ts'
import type { Scopes } from '../../../state/scopes.ts'
import { toFailureObject } from '../to-failure-object.ts'
import { taskFields, toDiffObject, toPercent } from './task-object.ts'

export interface ResetDeps extends AuthorDeps, ListDeps {
  readonly scopes: Pick<Scopes, 'resets'>
}

export const ResetObject = z
  .strictObject({
    scope_id: z.string(),
    scope_key: z.string(),
    fetcher: z.string(),
    collector: z.string(),
    start_reset_time: out.instant(),
    end_reset_time: out.instant(),
    current_reset_time: out.instant(),
    ...taskFields,
    state: z.enum(RESET_STATES).meta({ description: '`superseded`: a later reset of the scope has taken its place.' }),
    cancellable: z.boolean(),
  })
  .meta({ id: 'Reset' })

export function toResetObject(reset: Reset): z.output<typeof ResetObject> {
  const { id, state, period, current, failure, diff } = reset
  return {
    scope_id: reset.scopeId,
    scope_key: reset.scopeKey,
    fetcher: reset.fetcher,
    collector: reset.collector,
    start_reset_time: formatInstant(period.begin),
    end_reset_time: formatInstant(period.end),
    current_reset_time: formatInstant(current),
    id,
    state,
    progress: toPercent(state, period, current),
    ...(failure ? { failure: toFailureObject(failure) } : {}),
    ...(diff ? { diff: toDiffObject(diff) } : {}),
    cancellable: reset.cancellable,
  }
}
