import { defineRoute } from '../../../http/route.ts'
import { arg } from '../../../http/v1-types.ts'
import { type CollectorDeps, Mapping, noMapping } from './mapping.ts'

export const getMapping = defineRoute<CollectorDeps>()({
  family: 'v1',
  method: 'GET',
  path: '/v1/collector/mappings/{service}',
  policy: 'collector:get_mapping',
  operationId: 'getCollectorMapping',
  summary: 'The collector of a service',
  deprecated: true,
  args: { service: arg.text() },
  reply: { status: 200, schema: Mapping },
  errors: [404],
  async handle({ collectors }, { args }) {
    const mapping = await collectors.mapping(args.service)
    if (!mapping) throw noMapping(args.service)
    return { service: mapping.service, collector: mapping.collector }
  },
})
