import { defineRoute } from '../../../http/route.ts'
import { arg } from '../../../http/v1-types.ts'
import { moduleConfig, type RuleDeps } from '../../module-config.ts'
import { getThreshold } from '../thresholds.ts'
import { HASHMAP, ThresholdObject, toThresholdObject } from './objects.ts'

export const getThresholdRoute = defineRoute<RuleDeps>()({
  ...moduleConfig,
  method: 'GET',
  path: `${HASHMAP}/thresholds/{threshold_id}`,
  operationId: 'getHashmapThreshold',
  summary: 'A threshold',
  args: { threshold_id: arg.uuid() },
  reply: { status: 200, schema: ThresholdObject },
  errors: [404],
  handle: async ({ db }, { args }) => toThresholdObject(await getThreshold(db, args.threshold_id)),
})
