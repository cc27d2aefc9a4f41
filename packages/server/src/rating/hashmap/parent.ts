import { Fault } from '../../lib/fault.ts'
import type { StateDatabase } from '../../state/database.ts'
import { getField } from './fields.ts'
import { getGroup } from './groups.ts'
import { getService } from './services.ts'

/** Ids as a client names them. */
export interface ParentIds {
  readonly serviceId?: string | null | undefined
  readonly fieldId?: string | null | undefined
  readonly groupId?: string | null | undefined
}

/** Refuses a rule that does not hang on exactly one of a service and a field. Whether there is such a one is not asked. */
export function checkOneParent({ serviceId, fieldId }: ParentIds): void {
  if (serviceId && fieldId) throw new Fault('request.invalid', 'You can only specify one parent.')
  if (!serviceId && !fieldId) throw new Fault('request.invalid', 'You must specify one parent.')
}

/** The ids as they are stored; refuses those of a service, field or group that there is not. */
export async function findParents(tx: StateDatabase, { serviceId, fieldId, groupId }: ParentIds) {
  return {
    serviceId: serviceId ? (await getService(tx, serviceId, 'request.invalid')).id : null,
    fieldId: fieldId ? (await getField(tx, fieldId, 'request.invalid')).id : null,
    groupId: groupId ? (await getGroup(tx, groupId, 'request.invalid')).id : null,
  }
}
