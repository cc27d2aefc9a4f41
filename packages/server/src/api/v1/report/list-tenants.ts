import { z } from 'zod'
import { defineRoute } from '../../../http/route.ts'
import { type ListDeps, withinRows } from '../../../http/within-rows.ts'
import type { Scopes } from '../../../state/scopes.ts'
import { RANGE } from './report-scope.ts'

export interface TenantsDeps extends ListDeps {
  readonly scopes: Pick<Scopes, 'ids'>
}

export const listTenants = defineRoute<TenantsDeps>()({
  family: 'v1',
  method: 'GET',
  path: '/v1/report/tenants',
  policy: 'report:list_tenants',
  operationId: 'listTenants',
  summary: 'Every scope that was ever rated',
  description: 'The range of time is accepted and, as in CloudKitty, ignored.',
  args: RANGE,
  reply: { status: 200, schema: z.array(z.string()) },
  handle: ({ scopes, rowsMax }) => withinRows({ rowsMax }, (limit) => scopes.ids(limit)),
})
