import { defineRoute } from '../../../http/route.ts'
import { arg } from '../../../http/v1-types.ts'
import { authorOf } from '../../../state/audit.ts'
import { type CollectorDeps, Mapping, NAME_MAX } from './mapping.ts'

export const postMapping = defineRoute<CollectorDeps>()({
  family: 'v1',
  method: 'POST',
  path: [
    '/v1/collector/mappings',
    '/v1/collector/mappings/{collector}',
    '/v1/collector/mappings/{collector}/{service}',
  ],
  policy: 'collector:manage_mapping',
  operationId: 'createCollectorMapping',
  summary: 'Map a service to a collector',
  description: 'An existing mapping of the service is replaced.',
  deprecated: true,
  args: { collector: arg.text({ max: NAME_MAX }), service: arg.text({ max: NAME_MAX }) },
  reply: { status: 200, schema: Mapping },
  async handle(deps, { args: { service, collector }, who, request }) {
    await deps.collectors.map({ service, collector }, authorOf({ who, request }, deps))
    return { service, collector }
  },
})
