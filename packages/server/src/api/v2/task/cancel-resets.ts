import { z } from 'zod'
import { defineRoute } from '../../../http/route.ts'
import { param } from '../../../http/v2-types.ts'
import { Fault } from '../../../lib/fault.ts'
import { authorOf } from '../../../state/audit.ts'
import { chosenScopes } from './chosen-scopes.ts'
import type { ResetDeps } from './reset-object.ts'

export const cancelResets = defineRoute<ResetDeps>()({
  family: 'v2',
  method: 'DELETE',
  path: ['/v2/task/resets', '/v2/task/resets/{scope_id}'],
  policy: 'scope:reset_state',
  operationId: 'cancelResets',
  summary: 'Bring back what resets took, where nothing was rated since',
  description:
    'A scope in the path wins over `scope_ids`, in which `ALL` stands for every scope; `id` narrows to single resets. ' +
    'Answers with the ids of those that are cancelled and of those for which it is too late; 409 when it is for all.',
  pathParameters: { scope_id: param.text().optional() },
  query: {
    scope_ids: param.texts().default([]).describe('Of these scopes; `ALL` for every scope.'),
    id: param.ints({ min: 1 }).default([]).describe('Only the ones with these ids.'),
  },
  reply: { status: 200, schema: z.strictObject({ cancelled: z.array(z.int()), too_late: z.array(z.int()) }) },
  errors: [404, 409],
  async handle(deps, { path, query, who, request }) {
    const scopeIds = chosenScopes(path.scope_id, query.scope_ids)
    const author = authorOf({ who, request }, deps)
    const { cancelled, tooLate } = await deps.scopes.resets.cancel({ scopeIds, ids: query.id }, author)
    if (cancelled.length === 0) {
      if (tooLate.length === 0)
        throw new Fault('request.not_found', 'No such reset is unfinished; nothing is cancelled.')
      throw new Fault(
        'request.conflict',
        'It is too late: the scopes are being rated again, or what they had is deleted.',
      )
    }
    return { cancelled: cancelled.map((reset) => reset.id), too_late: tooLate.map((reset) => reset.id) }
  },
})
