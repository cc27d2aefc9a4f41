import { z } from 'zod'
import { defineRoute } from '../../../http/route.ts'
import { withinRows } from '../../../http/within-rows.ts'
import { arg } from '../../../http/v1-types.ts'
import { type CollectorDeps, Mapping } from './mapping.ts'

export const listMappings = defineRoute<CollectorDeps>()({
  family: 'v1',
  method: 'GET',
  path: '/v1/collector/mappings',
  policy: 'collector:list_mappings',
  operationId: 'listCollectorMappings',
  summary: 'Which collector each service is mapped to',
  deprecated: true,
  args: { collector: arg.text().optional() },
  reply: { status: 200, schema: z.strictObject({ mappings: z.array(Mapping) }) },
  async handle({ collectors, rowsMax }, { args }) {
    const mappings = await withinRows({ rowsMax }, (limit) => collectors.mappings(args.collector || undefined, limit))
    return { mappings: mappings.map(({ service, collector }) => ({ service, collector })) }
  },
})
