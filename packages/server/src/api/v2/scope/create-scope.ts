import { z } from 'zod'
import { defineRoute } from '../../../http/route.ts'
import { field } from '../../../http/v2-types.ts'
import { periodBegin } from '../../../domain/period.ts'
import { Fault } from '../../../lib/fault.ts'
import { authorOf } from '../../../state/audit.ts'
import { requirePast } from '../../../state/require-past.ts'
import { processedTimestamp, type ScopeDeps, ScopeObject, toScopeObject } from './scope-object.ts'

export const createScope = defineRoute<ScopeDeps>()({
  family: 'v2',
  method: 'POST',
  path: '/v2/scope',
  policy: 'scope:post_state',
  operationId: 'createScope',
  summary: 'Register a scope of which everything up to a moment counts as rated',
  description:
    'Answers 200 when it is made and 404 when there is one of this id, as CloudKitty does. A moment inside a period means ' +
    'the begin of that period; its periods begin where those of a scope begin that is discovered then.',
  body: z.strictObject({
    scope_id: field.text({ min: 1, max: 256 }),
    scope_key: field.text({ max: 40 }).optional(),
    fetcher: field.text({ max: 40 }).optional(),
    collector: field.text({ max: 40 }).optional(),
    active: field.bool().default(true),
    last_processed_timestamp: field.datetime().optional(),
    state: field.datetime().optional(),
  }),
  reply: { status: 200, schema: ScopeObject },
  errors: [404],
  async handle(deps, { body, who, request }) {
    const { scopes, scopeNames, periodSeconds, newGrid, now } = deps
    const at = processedTimestamp(body)
    requirePast('last_processed_timestamp', at, now())
    const lastProcessed = periodBegin(newGrid(at), at)
    const [known] = await scopes.list({ scopeIds: [body.scope_id], limit: 1 })
    const scope = known
      ? undefined
      : await scopes.create(
          {
            scopeId: body.scope_id,
            scopeKey: body.scope_key || scopeNames.scopeKey,
            fetcher: body.fetcher || scopeNames.fetcher,
            collector: body.collector || scopeNames.collector,
            lastProcessed,
            active: body.active,
          },
          periodSeconds,
          now(),
          authorOf({ who, request }, deps),
        )
    if (!scope) throw new Fault('request.not_found', `There is a scope of the id ${body.scope_id} already.`)
    return toScopeObject(scope)
  },
})
