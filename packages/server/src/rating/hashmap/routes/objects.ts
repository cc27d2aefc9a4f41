import { z } from 'zod'
import { toFixed } from '../../../domain/decimal.ts'
import { naiveText } from '../../../http/datetime.ts'
import { formatRuleTime, type RuleTime } from '../../rule-time.ts'
import type { FieldRow } from '../fields.ts'
import type { GroupRow } from '../groups.ts'
import type { MappingRow } from '../mappings.ts'
import { RULE_TYPES } from '../rules.ts'
import type { ServiceRow } from '../services.ts'
import type { ThresholdRow } from '../thresholds.ts'

/** Where the routes of hashmap's rules stand. */
export const HASHMAP = '/v1/rating/module_config/hashmap'

const id = z.uuid()

export const ServiceObject = z
  .strictObject({ service_id: id, name: z.string().meta({ description: 'A metric type.', examples: ['instance'] }) })
  .meta({ id: 'HashmapService' })
export const FieldObject = z
  .strictObject({
    field_id: id,
    name: z.string().meta({ description: 'An attribute.', examples: ['flavor_name'] }),
    service_id: id,
  })
  .meta({ id: 'HashmapField' })
export const GroupObject = z.strictObject({ group_id: id, name: z.string() }).meta({ id: 'HashmapGroup' })

export const RuleType = z.enum(RULE_TYPES).meta({
  id: 'HashmapRuleType',
  description: '`flat` adds the cost, `rate` multiplies with it.',
})

const cost = z.string().meta({
  format: 'decimal',
  description: 'With 28 places.',
  examples: ['0.1000000000000000000000000000'],
})
const parents = {
  service_id: id.nullable(),
  field_id: id.nullable(),
  group_id: id.nullable(),
  tenant_id: z.string().nullable().describe('Whom it is for alone; null: everybody.'),
}

export const MappingObject = z
  .strictObject({
    mapping_id: id,
    value: z.string().nullable().describe('Of the field; null for a mapping of a service.'),
    type: RuleType,
    cost,
    ...parents,
    created_at: naiveText(),
    start: naiveText(),
    end: naiveText().nullable(),
    name: z.string(),
    description: z.string().nullable(),
    deleted: naiveText().nullable(),
    created_by: z.string(),
    updated_by: z.string().nullable(),
    deleted_by: z.string().nullable(),
  })
  .meta({ id: 'HashmapMapping' })

export const ThresholdObject = z
  .strictObject({
    threshold_id: id,
    level: z.string().meta({ format: 'decimal', description: 'With 8 places.', examples: ['10.00000000'] }),
    type: RuleType,
    cost,
    ...parents,
  })
  .meta({ id: 'HashmapThreshold' })

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
