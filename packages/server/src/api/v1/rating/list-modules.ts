import { z } from 'zod'
import { defineRoute } from '../../../http/route.ts'
import { listRatedModules, type ModuleDeps } from '../../rated-module.ts'
import { type Base, ModuleObject, toModuleObject } from './module-object.ts'

export function listModules(base: Base) {
  return defineRoute<ModuleDeps>()({
    family: 'v1',
    method: 'GET',
    path: `${base}/modules`,
    policy: 'rating:list_modules',
    operationId: 'listModulesV1',
    summary: 'The rating modules',
    reply: { status: 200, schema: z.strictObject({ modules: z.array(ModuleObject) }) },
    async handle(deps) {
      const modules = await listRatedModules(deps)
      return { modules: await Promise.all(modules.map((module) => toModuleObject(base, module))) }
    },
  })
}
