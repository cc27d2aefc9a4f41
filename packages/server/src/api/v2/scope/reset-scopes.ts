import { z } from 'zod'
import { defineRoute } from '../../../http/route.ts'
import { field } from '../../../http/v2-types.ts'
import { Fault } from '../../../lib/fault.ts'
import { authorOf } from '../../../state/audit.ts'
import { requestReset } from '../../../state/request-reset.ts'
import { nothingFound, pastRules, processedTimestamp, type ScopeDeps } from './scope-object.ts'

export const resetScopes = defineRoute<ScopeDeps>()({
  family: 'v2',
  method: 'PUT',
  path: '/v2/scope',
  policy: 'scope:reset_state',
  operationId: 'resetScopes',
  summary: 'Take back what was rated from a moment on, and rate it again',
  description:
    'Of active scopes only. A moment inside a period means the begin of that period, by each scope’s own periods. ' +
    '`state` is another name of `last_processed_timestamp`.',
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
    const of = {
      scopeIds: body.scope_id ?? [],
      scopeKeys: body.scope_key ?? [],
      fetchers: body.fetcher ?? [],
      collectors: body.collector ?? [],
    }
    const at = processedTimestamp(body)
    const count = await requestReset(deps.scopes, { of, at }, pastRules(deps), authorOf({ who, request }, deps))
    if (count === 0) throw nothingFound()
    return {}
  },
})
