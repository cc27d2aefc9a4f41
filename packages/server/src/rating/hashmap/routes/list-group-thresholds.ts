import { z } from 'zod'
import { defineRoute } from '../../../http/route.ts'
import { withinRows } from '../../../http/within-rows.ts'
import { arg } from '../../../http/v1-types.ts'
import { moduleConfig, type RuleDeps } from '../../module-config.ts'
import { listThresholds } from '../thresholds.ts'
import { HASHMAP, ThresholdObject, toThresholdObject } from './objects.ts'

export const listGroupThresholdsRoute = defineRoute<RuleDeps>()({
  ...moduleConfig,
  method: 'GET',
  path: [`${HASHMAP}/groups/thresholds`, `${HASHMAP}/groups/{group_id}/thresholds`],
  operationId: 'listHashmapGroupThresholds',
  summary: 'The thresholds of a group',
  description: 'None when there is no such group.',
  args: { group_id: arg.text({ min: 1 }) },
  reply: { status: 200, schema: z.strictObject({ thresholds: z.array(ThresholdObject) }) },
  async handle({ db, rowsMax }, { args }) {
    const members = await withinRows({ rowsMax }, (limit) => listThresholds(db, { groupId: args.group_id }, limit))
    return { thresholds: members.map(toThresholdObject) }
  },
})
