import { z } from 'zod'
import { defineRoute } from '../../../http/route.ts'
import { withinRows } from '../../../http/within-rows.ts'
import { pagingQuery, param } from '../../../http/v2-types.ts'
import { nothingFound, type ScopeDeps, ScopeObject, toScopeObject } from './scope-object.ts'

export const listScopes = defineRoute<ScopeDeps>()({
  family: 'v2',
  method: 'GET',
  path: '/v2/scope',
  policy: 'scope:get_state',
  operationId: 'listScopes',
  summary: 'Scopes, and how far they are rated',
  query: {
    ...pagingQuery,
    scope_id: param.texts().default([]),
    scope_key: param.texts().default([]),
    fetcher: param.texts().default([]),
    collector: param.texts().default([]),
    active: param
      .ints()
      .default([])
      .meta({ description: '1 for active scopes, 0 for others.', examples: [[1]] }),
  },
  reply: { status: 200, schema: z.strictObject({ results: z.array(ScopeObject) }) },
  errors: [404],
  async handle({ scopes, rowsMax }, { query }) {
    const filter = {
      scopeIds: query.scope_id,
      scopeKeys: query.scope_key,
      fetchers: query.fetcher,
      collectors: query.collector,
      active: query.active.map((flag) => flag !== 0),
      offset: query.offset,
    }
    const found = await withinRows({ rowsMax }, (limit) => scopes.list({ ...filter, limit }), query.limit)
    if (found.length === 0) throw nothingFound()
    return { results: found.map(toScopeObject) }
  },
})
