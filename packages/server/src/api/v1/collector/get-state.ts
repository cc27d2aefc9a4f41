import { defineRoute } from '../../../http/route.ts'
import { arg } from '../../../http/v1-types.ts'
import { type CollectorDeps, CollectorState } from './mapping.ts'

export const getState = defineRoute<CollectorDeps>()({
  family: 'v1',
  method: 'GET',
  path: ['/v1/collector/states/{name}', '/v1/collector/states', '/v1/collector/{name}/states'],
  policy: 'collector:get_state',
  operationId: 'getCollectorState',
  summary: 'Whether a collector is switched on',
  description: 'Any name is accepted; one that was never set is off.',
  deprecated: true,
  args: { name: arg.text() },
  reply: { status: 200, schema: CollectorState },
  async handle({ collectors }, { args: { name } }) {
    return { name, enabled: await collectors.enabled(name) }
  },
})
