import { defineRoute } from '../../../http/route.ts'
import { arg } from '../../../http/v1-types.ts'
import { moduleConfig, type RuleDeps } from '../../module-config.ts'
import { getMapping } from '../mappings.ts'
import { HASHMAP, MappingObject, toMappingObject } from './objects.ts'

export const getMappingRoute = defineRoute<RuleDeps>()({
  ...moduleConfig,
  method: 'GET',
  path: `${HASHMAP}/mappings/{mapping_id}`,
  operationId: 'getHashmapMapping',
  summary: 'A mapping',
  description: 'Also one that was deleted.',
  args: { mapping_id: arg.uuid() },
  reply: { status: 200, schema: MappingObject },
  errors: [404],
  handle: async ({ db }, { args }) => toMappingObject(await getMapping(db, args.mapping_id)),
})
