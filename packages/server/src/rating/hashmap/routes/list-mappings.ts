import { z } from 'zod'
import { defineRoute } from '../../../http/route.ts'
import { withinRows } from '../../../http/within-rows.ts'
import { arg } from '../../../http/v1-types.ts'
import { Fault } from '../../../lib/fault.ts'
import { AUDIT_FILTER_ARGS, toAuditFilter } from '../../audit-filter-args.ts'
import { moduleConfig, type RuleDeps } from '../../module-config.ts'
import { ruleTimeFromDate } from '../../rule-time.ts'
import { listMappings } from '../mappings.ts'
import { HASHMAP, MappingObject, toMappingObject } from './objects.ts'
import { namesParent, RULE_FILTER_ARGS, toRuleFilter } from './rule-filter-args.ts'

export const listMappingsRoute = defineRoute<RuleDeps>()({
  ...moduleConfig,
  method: 'GET',
  path: [`${HASHMAP}/mappings`, `${HASHMAP}/services/mappings`, `${HASHMAP}/services/{service_id}/mappings`],
  operationId: 'listHashmapMappings',
  summary: 'Mappings, in order of creation',
  description:
    'Of a service itself, of a field, of a group; without any of them, all there are, unless `all` is false. ' +
    '`tenant_id` counts only together with `filter_tenant`.',
  args: { ...RULE_FILTER_ARGS, ...AUDIT_FILTER_ARGS, all: arg.bool().default(true) },
  reply: { status: 200, schema: z.strictObject({ mappings: z.array(MappingObject) }) },
  async handle({ db, clock, rowsMax }, { args }) {
    const filter = { ...toRuleFilter(args), ...toAuditFilter(args) }
    if (!args.all && !namesParent(filter)) {
      throw new Fault(
        'request.invalid',
        'A service_id, field_id or group_id is needed unless all mappings are asked for.',
      )
    }
    const found = await withinRows({ rowsMax }, (limit) => listMappings(db, filter, ruleTimeFromDate(clock()), limit))
    return { mappings: found.map(toMappingObject) }
  },
})
