import { z } from 'zod'
import { defineRoute, LOCATION, Reply, selfUrl } from '../../../http/route.ts'
import { arg } from '../../../http/v1-types.ts'
import { changeModule, demandModule, type ModuleDeps } from '../../rated-module.ts'
import { authorOf } from '../../../state/audit.ts'
import { type Base, ModuleObject } from './module-object.ts'

export function putModule(base: Base) {
  return defineRoute<ModuleDeps>()({
    family: 'v1',
    method: 'PUT',
    path: [`${base}/modules/{module_id}`, `${base}/modules`],
    policy: 'rating:update_module',
    operationId: 'updateModuleV1',
    summary: 'Switch a rating module on or off, or give it another priority',
    description: 'Clients send back the object that they got; only `enabled` and `priority` act.',
    args: { module_id: arg.text() },
    body: z.strictObject({
      module_id: arg.text().nullable(),
      enabled: arg.bool().optional(),
      priority: arg.int().optional(),
      description: arg.text().nullish(),
      'hot-config': arg.bool().nullish(),
      ...(base === '/v1/billing' ? { services: z.array(arg.text()).nullish() } : {}),
    }),
    bodyName: 'module',
    reply: {
      status: 302,
      schema: z.null(),
      description: 'Done; `Location` is the address asked for',
      headers: LOCATION,
      follows: ModuleObject,
    },
    errors: [404],
    async handle(deps, { args, body, who, request }) {
      const module = await demandModule(deps, args.module_id, 'Module not found.')
      await changeModule(deps, module.name, body, authorOf({ who, request }, deps))
      return new Reply(null, { headers: { location: selfUrl(request) } })
    },
  })
}
