import type { z } from 'zod'
import { arg } from '../../../http/v1-types.ts'
import type { RuleFilter } from '../rule-filter.ts'

/** What lists of mappings and of thresholds can be narrowed by. Null is as good as absent. */
export const RULE_FILTER_ARGS = {
  service_id: arg.uuid().nullish(),
  field_id: arg.uuid().nullish(),
  group_id: arg.uuid().nullish(),
  no_group: arg.bool().nullish(),
  tenant_id: arg.text().nullish(),
  filter_tenant: arg.bool().nullish(),
}

export function toRuleFilter(args: z.output<z.ZodObject<typeof RULE_FILTER_ARGS>>): RuleFilter {
  return {
    serviceId: args.service_id ?? undefined,
    fieldId: args.field_id ?? undefined,
    groupId: args.group_id ?? undefined,
    noGroup: args.no_group ?? undefined,
    tenantId: args.tenant_id ?? undefined,
    filterTenant: args.filter_tenant ?? undefined,
  }
}

export function namesParent({ serviceId, fieldId, groupId }: RuleFilter): boolean {
  return Boolean(serviceId || fieldId || groupId)
}
