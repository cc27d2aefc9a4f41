import { z } from 'zod'
import { defineRoute } from '../../../http/route.ts'
import { withinRows } from '../../../http/within-rows.ts'
import { param } from '../../../http/v2-types.ts'
import type { ReprocessDeps } from './post-reprocesses.ts'
import { ReprocessObject, toReprocessObject } from './reprocess-object.ts'
import { taskListQuery, toTaskFilter } from './task-list.ts'

export const listReprocesses = defineRoute<ReprocessDeps>()({
  family: 'v2',
  method: 'GET',
  path: ['/v2/task/reprocesses', '/v2/task/reprocesses/{scope_id}'],
  policy: 'schedule:get_task_reprocesses',
  operationId: 'listReprocesses',
  summary: 'Tasks that rate the past again, finished ones too',
  description: 'How far they are, and what those that are done changed. A scope in the path wins over `scope_ids`.',
  pathParameters: { scope_id: param.text().optional() },
  query: taskListQuery,
  reply: { status: 200, schema: z.strictObject({ results: z.array(ReprocessObject) }) },
  async handle({ reprocesses, periodSeconds, rowsMax }, asked) {
    const filter = toTaskFilter(asked)
    const tasks = await withinRows({ rowsMax }, (limit) => reprocesses.list({ ...filter, limit }), filter.limit)
    return { results: tasks.map((task) => toReprocessObject(task, periodSeconds)) }
  },
})
