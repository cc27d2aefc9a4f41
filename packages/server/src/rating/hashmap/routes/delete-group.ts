import { defineRoute } from '../../../http/route.ts'
import { arg } from '../../../http/v1-types.ts'
import { changeBy, moduleConfig, type RuleDeps } from '../../module-config.ts'
import { deleteGroup } from '../groups.ts'
import { HASHMAP } from './objects.ts'

export const deleteGroupRoute = defineRoute<RuleDeps>()({
  ...moduleConfig,
  method: 'DELETE',
  path: [`${HASHMAP}/groups/{group_id}`, `${HASHMAP}/groups`],
  operationId: 'deleteHashmapGroup',
  summary: 'Delete a group',
  description: 'Its rules stay, in no group; or they are deleted too.',
  args: { group_id: arg.uuid(), recursive: arg.bool().default(false) },
  reply: { status: 204 },
  errors: [404],
  async handle(deps, { args, who, request }) {
    await deleteGroup(deps.db, args.group_id, args, changeBy({ who, request }, deps))
    return undefined
  },
})
