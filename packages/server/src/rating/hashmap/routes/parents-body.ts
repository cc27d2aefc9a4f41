import type { z } from 'zod'
import { arg } from '../../../http/v1-types.ts'

/** Where a rule belongs, as bodies of mappings and of thresholds say it. */
export const PARENTS_BODY = {
  service_id: arg.uuid().nullish(),
  field_id: arg.uuid().nullish(),
  group_id: arg.uuid().nullish(),
  tenant_id: arg.text({ max: 255 }).nullish(),
}

export function toParents(body: z.output<z.ZodObject<typeof PARENTS_BODY>>) {
  return { serviceId: body.service_id, fieldId: body.field_id, groupId: body.group_id, tenantId: body.tenant_id }
}
