import { z } from 'zod'
import { defineRoute } from '../../../http/route.ts'
import { listRatedModules, type ModuleDeps } from '../../rated-module.ts'
import { ModuleObject, toModuleObject } from './module-object.ts'

export const listModules = defineRoute<ModuleDeps>()({
  family: 'v2',
  method: 'GET',
  path: '/v2/rating/modules',
  policy: 'v2_rating:list_modules',
  operationId: 'listModules',
  summary: 'The rating modules',
  reply: { status: 200, schema: z.strictObject({ modules: z.array(ModuleObject) }) },
  async handle(deps) {
    return { modules: (await listRatedModules(deps)).map(toModuleObject) }
  },
})
