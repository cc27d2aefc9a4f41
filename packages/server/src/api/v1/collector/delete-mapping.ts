import { defineRoute } from '../../../http/route.ts'
import { arg } from '../../../http/v1-types.ts'
import { authorOf } from '../../../state/audit.ts'
import { type CollectorDeps, noMapping } from './mapping.ts'

export const deleteMapping = defineRoute<CollectorDeps>()({
  family: 'v1',
  method: 'DELETE',
  path: ['/v1/collector/mappings/{service}', '/v1/collector/mappings'],
  policy: 'collector:manage_mapping',
  operationId: 'deleteCollectorMapping',
  summary: 'Forget the mapping of a service',
  deprecated: true,
  args: { service: arg.text() },
  reply: { status: 204 },
  errors: [404],
  async handle(deps, { args, who, request }) {
    if (!(await deps.collectors.unmap(args.service, authorOf({ who, request }, deps)))) throw noMapping(args.service)
    return undefined
  },
})
