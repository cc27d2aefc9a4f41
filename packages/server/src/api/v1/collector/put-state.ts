import { z } from 'zod'
import { defineRoute } from '../../../http/route.ts'
import { arg } from '../../../http/v1-types.ts'
import { authorOf } from '../../../state/audit.ts'
import { type CollectorDeps, CollectorState, NAME_MAX } from './mapping.ts'

export const putState = defineRoute<CollectorDeps>()({
  family: 'v1',
  method: 'PUT',
  path: ['/v1/collector/states/{name}', '/v1/collector/states', '/v1/collector/{name}/states'],
  policy: 'collector:update_state',
  operationId: 'updateCollectorState',
  summary: 'Switch a collector on or off',
  deprecated: true,
  args: { name: arg.text({ max: NAME_MAX }) },
  body: z.strictObject({ enabled: arg.bool(), name: arg.text().nullish() }),
  bodyName: 'infos',
  reply: { status: 200, schema: CollectorState },
  async handle(deps, { args: { name }, body: { enabled }, who, request }) {
    await deps.collectors.setEnabled(name, enabled, authorOf({ who, request }, deps))
    return { name, enabled }
  },
})
