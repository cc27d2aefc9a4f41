import { z } from 'zod'
import { jsonStream, listText } from '../../../http/json-stream.ts'
import { defineRoute, Reply } from '../../../http/route.ts'
import { pagingQuery, param, rangeQuery } from '../../../http/v2-types.ts'
import type { Batches } from '../../../state/batches.ts'
import { type RangeDeps, rangeOf, toPointFilter } from '../../point-filter.ts'
import type { Questions } from '../../questions.ts'
import { requireFew } from '../../require-few.ts'
import { restrictToOwnScope } from '../../restrict-to-own-scope.ts'
import { nothingFound } from '../scope/scope-object.ts'
import { FrameObject, FRAMES, pointText } from './frame-object.ts'

export interface DataframesDeps extends RangeDeps {
  readonly questions: Pick<Questions, 'points'>
  readonly batches: Pick<Batches, 'snapshot'>
  readonly scopeKey: string
}

export const listDataframes = defineRoute<DataframesDeps>()({
  family: 'v2',
  method: 'GET',
  path: '/v2/dataframes',
  policy: 'dataframes:get',
  operationId: 'listDataframes',
  summary: 'Rated points, by period and metric type',
  description: '`offset`, `limit` and `total` count points; a period may be cut over two pages.',
  query: {
    ...pagingQuery,
    ...rangeQuery,
    filters: param.multiDict().optional(),
  },
  reply: { status: 200, schema: z.strictObject({ total: z.int(), dataframes: z.array(FrameObject) }) },
  errors: [404],
  async handle(deps, { query: asked, who, request }) {
    const { questions, batches, scopeKey } = deps
    const { offset, limit } = asked
    requireFew('filters', asked.filters?.size ?? 0)
    const filters = restrictToOwnScope(asked.filters ?? new Map(), who, scopeKey)
    if (filters === undefined) return { total: 0, dataframes: [] }
    const query = { ...toPointFilter(rangeOf(asked, deps), filters, deps), offset, limit }
    const { total, pages } = await questions.points(query, await batches.snapshot(), request)
    if (total === 0) throw nothingFound()
    return new Reply(jsonStream({ total }, 'dataframes', listText(pages, FRAMES, pointText), '\n'))
  },
})
