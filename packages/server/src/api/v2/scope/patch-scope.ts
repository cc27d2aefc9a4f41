import { z } from 'zod'
import { defineRoute } from '../../../http/route.ts'
import { field } from '../../../http/v2-types.ts'
import { Fault } from '../../../lib/fault.ts'
import { authorOf } from '../../../state/audit.ts'
import type { ScopeChange } from '../../../state/scopes.ts'
import { nothingFound, type ScopeDeps, ScopeObject, toScopeObject } from './scope-object.ts'

export const patchScope = defineRoute<ScopeDeps>()({
  family: 'v2',
  method: 'PATCH',
  path: '/v2/scope',
  policy: 'scope:patch_state',
  operationId: 'updateScope',
  summary: 'Change what a scope belongs to, or whether it is rated',
  body: z.strictObject({
    scope_id: field.text(),
    scope_key: field.text({ max: 40 }).optional(),
    fetcher: field.text({ max: 40 }).optional(),
    collector: field.text({ max: 40 }).optional(),
    active: field.bool().optional(),
  }),
  reply: { status: 200, schema: ScopeObject },
  errors: [404],
  async handle(deps, { body, who, request }) {
    const { scopes, now } = deps
    const [scope, another] = await scopes.list({ scopeIds: [body.scope_id], limit: 2 })
    if (!scope) throw nothingFound()
    if (another) throw new Fault('request.not_found', `Too many scopes have the id ${body.scope_id}; none is changed.`)
    const change: ScopeChange = {
      ...(body.scope_key ? { scopeKey: body.scope_key } : {}),
      ...(body.fetcher ? { fetcher: body.fetcher } : {}),
      ...(body.collector ? { collector: body.collector } : {}),
      ...(body.active === undefined ? {} : { active: body.active }),
    }
    return toScopeObject(await scopes.patch(scope.id, change, now(), authorOf({ who, request }, deps)))
  },
})
