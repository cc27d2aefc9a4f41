import { defineRoute } from '../../../http/route.ts'
import { param } from '../../../http/v2-types.ts'
import { demandModule, type ModuleDeps } from '../../rated-module.ts'
import { ModuleObject, toModuleObject } from './module-object.ts'

export const getModule = defineRoute<ModuleDeps>()({
  family: 'v2',
  method: 'GET',
  path: '/v2/rating/modules/{module_id}',
  policy: 'v2_rating:get_module',
  operationId: 'getModule',
  summary: 'A rating module',
  pathParameters: { module_id: param.text() },
  reply: { status: 200, schema: ModuleObject },
  errors: [404],
  async handle(deps, { path: { module_id } }) {
    return toModuleObject(await demandModule(deps, module_id, `Module '${module_id}' not found`))
  },
})
