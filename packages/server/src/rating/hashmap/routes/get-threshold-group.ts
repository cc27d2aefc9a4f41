import { defineRoute } from '../../../http/route.ts'
import { arg } from '../../../http/v1-types.ts'
import { moduleConfig, type RuleDeps } from '../../module-config.ts'
import { getThresholdGroup } from '../thresholds.ts'
import { GroupObject, HASHMAP, toGroupObject } from './objects.ts'

export const getThresholdGroupRoute = defineRoute<RuleDeps>()({
  ...moduleConfig,
  method: 'GET',
  path: [`${HASHMAP}/thresholds/group`, `${HASHMAP}/thresholds/{threshold_id}/group`],
  operationId: 'getHashmapThresholdGroup',
  summary: 'The group of a threshold',
  args: { threshold_id: arg.uuid() },
  reply: { status: 200, schema: GroupObject },
  errors: [404],
  handle: async ({ db }, { args }) => toGroupObject(await getThresholdGroup(db, args.threshold_id)),
})
