import { z } from 'zod'
import { defineRoute } from '../../../http/route.ts'
import { field } from '../../../http/v2-types.ts'
import { Fault } from '../../../lib/fault.ts'
import { authorOf } from '../../../state/audit.ts'
import { requireKept } from '../../require-kept.ts'
import { nothingFound, processedTimestamp, type ScopeDeps } from './scope-object.ts'

export const resetScopes = defineRoute<ScopeDeps>()({
  family: 'v2',
  method: 'PUT',
  path: '/v2/scope',
  policy: 'scope:reset_state',
  summary: 'Take back what was rated from a moment on, and rate it again',
  description: 'Of active scopes only. `state` is another name of `last_processed_timestamp`.',
  body: z
    .strictObject({
      all_scopes: field.bool().optional(),
      scope_id: field.texts().optional(),
      scope_key: field.texts().optional(),
      fetcher: field.texts().optional(),
      collector: field.texts().optional(),
      last_processed_timestamp: field.datetime().optional(),
      state: field.datetime().optional(),
    })
    .refine((body) => body.all_scopes === undefined || body.scope_id === undefined, {
      message: "two or more values in the same group of exclusion 'scope_selector'",
    }),
  reply: { status: 202, schema: z.strictObject({}) },
  errors: [404],
  async handle(deps, { body, who, request }) {
    if (!body.all_scopes && !body.scope_id?.length) {
      throw new Fault('request.invalid', 'Either all_scopes or a scope_id should be specified.')
    }
    const timestamp = processedTimestamp(body)
    requireKept('last_processed_timestamp', timestamp, deps)
    const found = await deps.scopes.list({
      scopeIds: body.scope_id ?? [],
      scopeKeys: body.scope_key ?? [],
      fetchers: body.fetcher ?? [],
      collectors: body.collector ?? [],
      active: [true],
    })
    if (found.length === 0) throw nothingFound()
    const ids = found.map((scope) => scope.id)
    await deps.scopes.reset(ids, timestamp, authorOf({ who, request }, deps))
    return {}
  },
})
