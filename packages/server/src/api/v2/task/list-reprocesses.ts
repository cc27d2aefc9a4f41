import { z } from 'zod'
import { defineRoute } from '../../../http/route.ts'
import { param } from '../../../http/v2-types.ts'
import type { ReprocessDeps } from './post-reprocesses.ts'
import { ReprocessObject, toReprocessObject } from './reprocess-object.ts'

export const listReprocesses = defineRoute<ReprocessDeps>()({
  family: 'v2',
  method: 'GET',
  path: ['/v2/task/reprocesses', '/v2/task/reprocesses/{scope_id}'],
  policy: 'schedule:get_task_reprocesses',
  summary: 'Tasks that rate the past again, finished ones too',
  description: 'How far they are, and what those that are done changed. A scope in the path wins over `scope_ids`.',
  pathParameters: { scope_id: param.text().optional() },
  query: {
    offset: param.int({ min: 0 }).default(0),
    limit: param.int({ min: 1 }).default(100),
    scope_ids: param.texts().default([]),
    order: param.oneOf(['asc', 'desc'], { anyCase: true }).default('desc'),
  },
  reply: { status: 200, schema: z.strictObject({ results: z.array(ReprocessObject) }) },
  async handle({ reprocesses, periodSeconds }, { path, query: { offset, limit, scope_ids, order } }) {
    const scopeIds = path.scope_id === undefined ? scope_ids : [path.scope_id]
    const tasks = await reprocesses.list({ scopeIds, order, offset, limit })
    return { results: tasks.map((task) => toReprocessObject(task, periodSeconds)) }
  },
})
