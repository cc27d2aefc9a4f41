import { defineRoute } from '../../../http/route.ts'
import { Fault } from '../../../lib/fault.ts'
import type { Base } from './module-object.ts'

/** Of a module that has no rules: whatever is asked here is in conflict with that. */
export function refuseModuleConfig(base: Base, moduleName: string) {
  return defineRoute<unknown>()({
    family: 'v1',
    method: 'ANY',
    path: `${base}/module_config/${moduleName}`,
    policy: null,
    operationId: `refuse${moduleName}Config`,
    documented: false,
    summary: `${moduleName} has no rules`,
    reply: { status: 409 },
    handle() {
      throw new Fault('request.conflict', 'Module is not configurable')
    },
  })
}
