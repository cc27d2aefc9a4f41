import { z } from 'zod'
import { childUrl, defineRoute, LOCATION, Reply } from '../../../http/route.ts'
import { arg } from '../../../http/v1-types.ts'
import { changeBy, moduleConfig, type RuleDeps } from '../../module-config.ts'
import { createGroup } from '../groups.ts'
import { GroupObject, HASHMAP, toGroupObject } from './objects.ts'

export const postGroupRoute = defineRoute<RuleDeps>()({
  ...moduleConfig,
  method: 'POST',
  path: `${HASHMAP}/groups`,
  operationId: 'createHashmapGroup',
  summary: 'Create a group',
  body: z.strictObject({ group_id: arg.uuid().nullish(), name: arg.text({ min: 1, max: 255 }) }),
  bodyName: 'group_data',
  reply: { status: 201, schema: GroupObject, headers: LOCATION },
  errors: [409],
  async handle(deps, { body, who, request }) {
    const group = await createGroup(deps.db, body, changeBy({ who, request }, deps))
    return new Reply(toGroupObject(group), { headers: { location: childUrl(request, group.id) } })
  },
})
