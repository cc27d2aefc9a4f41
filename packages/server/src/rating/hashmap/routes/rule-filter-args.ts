import type { z } from 'zod'
import { arg } from '../../../http/v1-types.ts'
import type { RuleFilter } from '../rule-filter.ts'

/** What lists of mappings and of thresholds can be narrowed by. */
export const RULE_FILTER_ARGS = {
  service_id: arg.uuid().optional(),
  field_id: arg.uuid().optional(),
  group_id: arg.uuid().optional(),
  no_group: arg.bool().default(false).describe('Those in no group only.'),
  tenant_id: arg.text().optional().describe('Whom they are for alone; counts only together with `filter_tenant`.'),
  filter_tenant: arg.bool().default(false),
}

export function toRuleFilter(args: z.output<z.ZodObject<typeof RULE_FILTER_ARGS>>): RuleFilter {
  return {
    serviceId: args.service_id,
    fieldId: args.field_id,
    groupId: args.group_id,
    noGroup: args.no_group,
    tenantId: args.tenant_id,
    filterTenant: args.filter_tenant,
  }
}

export function namesParent({ serviceId, fieldId, groupId }: RuleFilter): boolean {
  return Boolean(serviceId || fieldId || groupId)
}
