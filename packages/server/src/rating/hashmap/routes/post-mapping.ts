import { z } from 'zod'
import { childUrl, defineRoute, LOCATION, Reply } from '../../../http/route.ts'
import { arg } from '../../../http/v1-types.ts'
import { changeBy, moduleConfig, type RuleDeps } from '../../module-config.ts'
import { createMapping } from '../mappings.ts'
import { RULE_TYPES } from '../rules.ts'
import { MAPPING_BODY } from './mapping-body.ts'
import { HASHMAP, MappingObject, toMappingObject } from './objects.ts'
import { toParents } from './parents-body.ts'

export const postMappingRoute = defineRoute<RuleDeps>()({
  ...moduleConfig,
  method: 'POST',
  path: `${HASHMAP}/mappings`,
  operationId: 'createHashmapMapping',
  summary: 'Create a mapping',
  description: 'Of a service, or of a value of a field. `force` allows a start in the past.',
  args: { force: arg.bool().default(false) },
  body: z.strictObject({ ...MAPPING_BODY, type: arg.oneOf(RULE_TYPES).default('flat') }),
  bodyName: 'mapping_data',
  reply: { status: 201, schema: MappingObject, headers: LOCATION },
  errors: [409],
  async handle(deps, { args, body, who, request }) {
    const { value, type, cost, name, description, start, end } = body
    const wanted = { value, type, cost, ...toParents(body), name, description, start, end }
    const mapping = await createMapping(deps.db, wanted, args, changeBy({ who, request }, deps))
    return new Reply(toMappingObject(mapping), { headers: { location: childUrl(request, mapping.id) } })
  },
})
