import { z } from 'zod'
import { defineRoute } from '../../../http/route.ts'
import type { ListDeps } from '../../../http/within-rows.ts'
import { field } from '../../../http/v2-types.ts'
import { type AuthorDeps, authorOf } from '../../../state/audit.ts'
import type { Reprocesses } from '../../../state/reprocesses.ts'
import { requestReprocess } from '../../../state/request-reprocess.ts'
import type { Scopes } from '../../../state/scopes.ts'
import { type PastDeps, pastRules } from '../scope/scope-object.ts'
import { chosenScopes } from './chosen-scopes.ts'

export interface ReprocessDeps extends AuthorDeps, PastDeps, ListDeps {
  readonly reprocesses: Reprocesses
  readonly scopes: Pick<Scopes, 'list'>
}

export const postReprocesses = defineRoute<ReprocessDeps>()({
  family: 'v2',
  method: 'POST',
  // `cloudkitty tasks reprocessing create` sends its task to the second one, which CloudKitty itself answers with 404.
  path: ['/v2/task/reprocesses', '/v2/task/reprocess'],
  policy: 'schedule:task_reprocesses',
  operationId: 'createReprocesses',
  summary: 'Rate the past of scopes again',
  description:
    'The bounds are bounds of periods of every scope that is named, which each has its own: they begin where the scope ' +
    'began. `ALL` stands for every active scope.',
  body: z.strictObject({
    scope_ids: field.texts(),
    start_reprocess_time: field.datetime(),
    end_reprocess_time: field.datetime(),
    reason: field.text(),
  }),
  reply: { status: 202, schema: z.strictObject({}) },
  async handle(deps, { body, who, request }) {
    const { scope_ids, start_reprocess_time: begin, end_reprocess_time: end, reason } = body
    const scopeIds = chosenScopes(undefined, [...new Set(scope_ids)])
    const author = authorOf({ who, request }, deps)
    await requestReprocess(deps, { scopeIds, period: { begin, end }, reason }, pastRules(deps), author)
    return {}
  },
})
