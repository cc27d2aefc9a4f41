import { defineRoute } from '../../../http/route.ts'
import { arg } from '../../../http/v1-types.ts'
import { changeBy, moduleConfig, type RuleDeps } from '../../module-config.ts'
import { deleteThreshold } from '../thresholds.ts'
import { HASHMAP } from './objects.ts'

export const deleteThresholdRoute = defineRoute<RuleDeps>()({
  ...moduleConfig,
  method: 'DELETE',
  path: [`${HASHMAP}/thresholds/{threshold_id}`, `${HASHMAP}/thresholds`],
  operationId: 'deleteHashmapThreshold',
  summary: 'Delete a threshold',
  args: { threshold_id: arg.uuid() },
  reply: { status: 204 },
  errors: [404],
  async handle(deps, { args, who, request }) {
    await deleteThreshold(deps.db, args.threshold_id, changeBy({ who, request }, deps))
    return undefined
  },
})
