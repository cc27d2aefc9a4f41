import { z } from 'zod'
import { defineRoute } from '../../../http/route.ts'
import { param } from '../../../http/v2-types.ts'
import { Fault } from '../../../lib/fault.ts'
import { authorOf } from '../../../state/audit.ts'
import { chosenScopes } from './chosen-scopes.ts'
import type { ReprocessDeps } from './post-reprocesses.ts'

export const cancelReprocesses = defineRoute<ReprocessDeps>()({
  family: 'v2',
  method: 'DELETE',
  path: ['/v2/task/reprocesses', '/v2/task/reprocesses/{scope_id}'],
  policy: 'schedule:task_reprocesses',
  operationId: 'cancelReprocesses',
  summary: 'Cancel tasks that are not done',
  description:
    'A scope in the path wins over `scope_ids`, in which `ALL` stands for every scope; `id` narrows to single tasks. ' +
    'What a cancelled task has written is never seen: the old prices stay. Answers with the ids of the tasks.',
  pathParameters: { scope_id: param.text().optional() },
  query: {
    scope_ids: param.texts().default([]).describe('Of these scopes; `ALL` for every scope.'),
    id: param.ints({ min: 1 }).default([]).describe('Only the ones with these ids.'),
  },
  reply: { status: 200, schema: z.strictObject({ cancelled: z.array(z.int()) }) },
  errors: [404],
  async handle(deps, { path, query, who, request }) {
    const scopeIds = chosenScopes(path.scope_id, query.scope_ids)
    const cancelled = await deps.reprocesses.cancel({ scopeIds, ids: query.id }, authorOf({ who, request }, deps))
    if (cancelled.length === 0)
      throw new Fault('request.not_found', 'No such task is unfinished; nothing is cancelled.')
    return { cancelled: cancelled.map((task) => task.id) }
  },
})
