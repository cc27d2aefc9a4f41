import { defineRoute } from '../../../http/route.ts'
import { arg } from '../../../http/v1-types.ts'
import { changeBy, moduleConfig, type RuleDeps } from '../../module-config.ts'
import { deleteService } from '../services.ts'
import { HASHMAP } from './objects.ts'

export const deleteServiceRoute = defineRoute<RuleDeps>()({
  ...moduleConfig,
  method: 'DELETE',
  path: [`${HASHMAP}/services/{service_id}`, `${HASHMAP}/services`],
  operationId: 'deleteHashmapService',
  summary: 'Delete a service with its fields and rules',
  args: { service_id: arg.uuid() },
  reply: { status: 204 },
  errors: [404],
  async handle(deps, { args, who, request }) {
    await deleteService(deps.db, args.service_id, changeBy({ who, request }, deps))
    return undefined
  },
})
