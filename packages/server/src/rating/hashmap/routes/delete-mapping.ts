import { defineRoute } from '../../../http/route.ts'
import { arg } from '../../../http/v1-types.ts'
import { changeBy, moduleConfig, type RuleDeps } from '../../module-config.ts'
import { deleteMapping } from '../mappings.ts'
import { HASHMAP } from './objects.ts'

export const deleteMappingRoute = defineRoute<RuleDeps>()({
  ...moduleConfig,
  method: 'DELETE',
  path: [`${HASHMAP}/mappings/{mapping_id}`, `${HASHMAP}/mappings`],
  operationId: 'deleteHashmapMapping',
  summary: 'Delete a mapping',
  args: { mapping_id: arg.uuid() },
  reply: { status: 204 },
  errors: [404],
  async handle(deps, { args, who, request }) {
    await deleteMapping(deps.db, args.mapping_id, changeBy({ who, request }, deps))
    return undefined
  },
})
