import { z } from 'zod'
import { defineRoute } from '../../../http/route.ts'
import { withinRows } from '../../../http/within-rows.ts'
import { param } from '../../../http/v2-types.ts'
import { type ResetDeps, ResetObject, toResetObject } from './reset-object.ts'
import { taskListQuery, toTaskFilter } from './task-list.ts'

export const listResets = defineRoute<ResetDeps>()({
  family: 'v2',
  method: 'GET',
  path: ['/v2/task/resets', '/v2/task/resets/{scope_id}'],
  policy: 'scope:get_state',
  operationId: 'listResets',
  summary: 'Resets that took rated periods back, those that are done too',
  description:
    'How far the scopes are rated again, and what those that are done changed. A scope in the path wins over `scope_ids`.',
  pathParameters: { scope_id: param.text().optional() },
  query: taskListQuery,
  reply: { status: 200, schema: z.strictObject({ results: z.array(ResetObject) }) },
  async handle({ scopes, rowsMax }, asked) {
    const filter = toTaskFilter(asked)
    const resets = await withinRows({ rowsMax }, (limit) => scopes.resets.list({ ...filter, limit }), filter.limit)
    return { results: resets.map(toResetObject) }
  },
})
