import { z } from 'zod'
import { defineRoute } from '../../../http/route.ts'
import { withinRows } from '../../../http/within-rows.ts'
import { moduleConfig, type RuleDeps } from '../../module-config.ts'
import { listGroups } from '../groups.ts'
import { GroupObject, HASHMAP, toGroupObject } from './objects.ts'

export const listGroupsRoute = defineRoute<RuleDeps>()({
  ...moduleConfig,
  method: 'GET',
  path: `${HASHMAP}/groups`,
  operationId: 'listHashmapGroups',
  summary: 'All groups, in order of creation',
  reply: { status: 200, schema: z.strictObject({ groups: z.array(GroupObject) }) },
  handle: async ({ db, rowsMax }) => ({
    groups: (await withinRows({ rowsMax }, (limit) => listGroups(db, limit))).map(toGroupObject),
  }),
})
