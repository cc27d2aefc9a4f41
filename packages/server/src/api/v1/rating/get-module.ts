import { defineRoute } from '../../../http/route.ts'
import { arg } from '../../../http/v1-types.ts'
import { demandModule, type ModuleDeps } from '../../rated-module.ts'
import { type Base, ModuleObject, toModuleObject } from './module-object.ts'

export function getModule(base: Base) {
  return defineRoute<ModuleDeps>()({
    family: 'v1',
    method: 'GET',
    path: `${base}/modules/{module_id}`,
    policy: 'rating:get_module',
    operationId: 'getModuleV1',
    summary: 'A rating module',
    args: { module_id: arg.text() },
    reply: { status: 200, schema: ModuleObject },
    errors: [404],
    async handle(deps, { args }) {
      return toModuleObject(base, await demandModule(deps, args.module_id, 'Module not found.'))
    },
  })
}
