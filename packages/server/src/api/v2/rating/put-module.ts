import { z } from 'zod'
import { defineRoute } from '../../../http/route.ts'
import { field, param } from '../../../http/v2-types.ts'
import { authorOf } from '../../../state/audit.ts'
import { changeModule, demandModule, type ModuleDeps } from '../../rated-module.ts'

export const putModule = defineRoute<ModuleDeps>()({
  family: 'v2',
  method: 'PUT',
  path: '/v2/rating/modules/{module_id}',
  policy: 'v2_rating:update_module',
  operationId: 'updateModule',
  summary: 'Switch a rating module on or off, or give it another priority',
  pathParameters: { module_id: param.text() },
  body: z.strictObject({ enabled: field.bool().optional(), priority: field.int({ min: 1 }).optional() }),
  reply: { status: 204 },
  errors: [404],
  async handle(deps, { path: { module_id }, body, who, request }) {
    const module = await demandModule(deps, module_id, `Module '${module_id}' not found`)
    await changeModule(deps, module.name, body, authorOf({ who, request }, deps))
    return undefined
  },
})
