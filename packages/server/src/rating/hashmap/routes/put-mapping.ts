import { z } from 'zod'
import { defineRoute, Reply, selfUrl } from '../../../http/route.ts'
import { arg } from '../../../http/v1-types.ts'
import { changeBy, moduleConfig, type RuleDeps } from '../../module-config.ts'
import { updateMapping } from '../mappings.ts'
import { RULE_TYPES } from '../rules.ts'
import { MAPPING_BODY } from './mapping-body.ts'
import { HASHMAP } from './objects.ts'

export const putMappingRoute = defineRoute<RuleDeps>()({
  ...moduleConfig,
  method: 'PUT',
  path: [`${HASHMAP}/mappings/{mapping_id}`, `${HASHMAP}/mappings`],
  summary: 'Change a mapping',
  description:
    'Before its start: cost, start, end and description, of which what is left out is emptied (but for the start). ' +
    'Afterwards: the end alone, and only once. Saying again what is so already is no change.',
  args: { mapping_id: arg.uuid() },
  body: z.strictObject({ ...MAPPING_BODY, type: arg.oneOf(RULE_TYPES).nullish() }),
  bodyName: 'mapping',
  reply: { status: 302, description: 'Done; `Location` is the address asked for' },
  errors: [404],
  async handle(deps, { args, body, who, request }) {
    const { value, type, cost, name, description, start, end, deleted } = body
    const parents = { serviceId: body.service_id, fieldId: body.field_id, groupId: body.group_id }
    const audit = { createdAt: body.created_at, createdBy: body.created_by, deleted, deletedBy: body.deleted_by }
    const rule = { value, type, cost, ...parents, tenantId: body.tenant_id, name, description, start, end }
    await updateMapping(deps.db, args.mapping_id, { ...rule, ...audit }, changeBy({ who, request }, deps))
    return new Reply(undefined, { headers: { location: selfUrl(request) } })
  },
})
