import { defineRoute } from '../../../http/route.ts'
import { arg } from '../../../http/v1-types.ts'
import { moduleConfig, type RuleDeps } from '../../module-config.ts'
import { getGroup } from '../groups.ts'
import { HASHMAP, GroupObject, toGroupObject } from './objects.ts'

export const getGroupRoute = defineRoute<RuleDeps>()({
  ...moduleConfig,
  method: 'GET',
  path: `${HASHMAP}/groups/{group_id}`,
  operationId: 'getHashmapGroup',
  summary: 'A group of rules',
  args: { group_id: arg.uuid() },
  reply: { status: 200, schema: GroupObject },
  errors: [404],
  handle: async ({ db }, { args }) => toGroupObject(await getGroup(db, args.group_id)),
})
