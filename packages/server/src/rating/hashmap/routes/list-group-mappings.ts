import { z } from 'zod'
import { defineRoute } from '../../../http/route.ts'
import { withinRows } from '../../../http/within-rows.ts'
import { arg } from '../../../http/v1-types.ts'
import { moduleConfig, type RuleDeps } from '../../module-config.ts'
import { ruleTimeFromDate } from '../../rule-time.ts'
import { listMappings } from '../mappings.ts'
import { HASHMAP, MappingObject, toMappingObject } from './objects.ts'

export const listGroupMappingsRoute = defineRoute<RuleDeps>()({
  ...moduleConfig,
  method: 'GET',
  path: [`${HASHMAP}/groups/mappings`, `${HASHMAP}/groups/{group_id}/mappings`],
  operationId: 'listHashmapGroupMappings',
  summary: 'The mappings of a group',
  description: 'None when there is no such group.',
  args: { group_id: arg.text({ min: 1 }) },
  reply: { status: 200, schema: z.strictObject({ mappings: z.array(MappingObject) }) },
  async handle({ db, clock, rowsMax }, { args }) {
    const members = await withinRows({ rowsMax }, (limit) =>
      listMappings(db, { groupId: args.group_id }, ruleTimeFromDate(clock()), limit),
    )
    return { mappings: members.map(toMappingObject) }
  },
})
