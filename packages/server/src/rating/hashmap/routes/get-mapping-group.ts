import { defineRoute } from '../../../http/route.ts'
import { arg } from '../../../http/v1-types.ts'
import { moduleConfig, type RuleDeps } from '../../module-config.ts'
import { getMappingGroup } from '../mappings.ts'
import { GroupObject, HASHMAP, toGroupObject } from './objects.ts'

export const getMappingGroupRoute = defineRoute<RuleDeps>()({
  ...moduleConfig,
  method: 'GET',
  path: [`${HASHMAP}/mappings/group`, `${HASHMAP}/mappings/{mapping_id}/group`],
  operationId: 'getHashmapMappingGroup',
  summary: 'The group of a mapping',
  args: { mapping_id: arg.uuid() },
  reply: { status: 200, schema: GroupObject },
  errors: [404],
  handle: async ({ db }, { args }) => toGroupObject(await getMappingGroup(db, args.mapping_id)),
})
