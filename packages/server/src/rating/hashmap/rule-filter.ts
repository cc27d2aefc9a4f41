import { and, eq, isNull, type SQL } from 'drizzle-orm'
import { isId } from '../is-id.ts'
import type { mappings, thresholds } from './tables.ts'

/** What lists of mappings and thresholds can be narrowed by, as CloudKitty does it. */
export interface RuleFilter {
  /** Those of the service itself, not of its fields. Wins over a field. */
  readonly serviceId?: string | undefined
  readonly fieldId?: string | undefined
  readonly groupId?: string | undefined
  /** Only those in no group; without effect when a group is given. */
  readonly noGroup?: boolean | undefined
  /** Only then does the tenant count; and without a tenant, only rules for everybody are meant. */
  readonly filterTenant?: boolean | undefined
  readonly tenantId?: string | undefined
}

/** Ids that name nothing select nothing. */
export function ruleFilter(table: typeof mappings | typeof thresholds, filter: RuleFilter): SQL | undefined {
  const { serviceId, fieldId, groupId, noGroup, filterTenant, tenantId } = filter
  return and(
    serviceId ? isId(table.serviceId, serviceId) : fieldId ? isId(table.fieldId, fieldId) : undefined,
    groupId ? isId(table.groupId, groupId) : noGroup ? isNull(table.groupId) : undefined,
    filterTenant ? (tenantId === undefined ? isNull(table.tenantId) : eq(table.tenantId, tenantId)) : undefined,
  )
}
