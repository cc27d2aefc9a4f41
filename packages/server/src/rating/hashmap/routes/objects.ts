import { z } from 'zod'
import { toFixed } from '../../../domain/decimal.ts'
import { formatRuleTime, type RuleTime } from '../../rule-time.ts'
import type { FieldRow } from '../fields.ts'
import type { GroupRow } from '../groups.ts'
import type { MappingRow } from '../mappings.ts'
import { RULE_TYPES } from '../rules.ts'
import type { ServiceRow } from '../services.ts'
import type { ThresholdRow } from '../thresholds.ts'

/** Where the routes of hashmap's rules stand. */
export const HASHMAP = '/v1/rating/module_config/hashmap'

export const ServiceObject = z.strictObject({ service_id: z.string(), name: z.string() })
export const FieldObject = z.strictObject({ field_id: z.string(), name: z.string(), service_id: z.string() })
export const GroupObject = z.strictObject({ group_id: z.string(), name: z.string() })

const cost = z.string().describe('A decimal with 28 places')
const naiveTime = z.string().describe('UTC, without a zone')
const parents = {
  service_id: z.string().nullable(),
  field_id: z.string().nullable(),
  group_id: z.string().nullable(),
  tenant_id: z.string().nullable(),
}

export const MappingObject = z.strictObject({
  mapping_id: z.string(),
  value: z.string().nullable(),
  type: z.enum(RULE_TYPES),
  cost,
  ...parents,
  created_at: naiveTime,
  start: naiveTime,
  end: naiveTime.nullable(),
  name: z.string(),
  description: z.string().nullable(),
  deleted: naiveTime.nullable(),
  created_by: z.string(),
  updated_by: z.string().nullable(),
  deleted_by: z.string().nullable(),
})

export const ThresholdObject = z.strictObject({
  threshold_id: z.string(),
  level: z.string().describe('A decimal with 8 places'),
  type: z.enum(RULE_TYPES),
  cost,
  ...parents,
})

export function toServiceObject({ id, name }: ServiceRow): z.output<typeof ServiceObject> {
  return { service_id: id, name }
}

export function toFieldObject({ id, name, serviceId }: FieldRow): z.output<typeof FieldObject> {
  return { field_id: id, name, service_id: serviceId }
}

export function toGroupObject({ id, name }: GroupRow): z.output<typeof GroupObject> {
  return { group_id: id, name }
}

export function toMappingObject(mapping: MappingRow): z.output<typeof MappingObject> {
  return {
    mapping_id: mapping.id,
    value: mapping.value,
    type: mapping.type,
    cost: toFixed(mapping.cost, 28),
    ...toParentKeys(mapping),
    created_at: formatRuleTime(mapping.createdAt),
    start: formatRuleTime(mapping.start),
    end: orNull(mapping.end),
    name: mapping.name,
    description: mapping.description,
    deleted: orNull(mapping.deleted),
    created_by: mapping.createdBy,
    updated_by: mapping.updatedBy,
    deleted_by: mapping.deletedBy,
  }
}

export function toThresholdObject(threshold: ThresholdRow): z.output<typeof ThresholdObject> {
  return {
    threshold_id: threshold.id,
    level: toFixed(threshold.level, 8),
    type: threshold.type,
    cost: toFixed(threshold.cost, 28),
    ...toParentKeys(threshold),
  }
}

function toParentKeys({ serviceId, fieldId, groupId, tenantId }: MappingRow | ThresholdRow) {
  return { service_id: serviceId, field_id: fieldId, group_id: groupId, tenant_id: tenantId }
}

function orNull(time: RuleTime | null): string | null {
  return time === null ? null : formatRuleTime(time)
}
