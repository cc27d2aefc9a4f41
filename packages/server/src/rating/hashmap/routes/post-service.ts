import { z } from 'zod'
import { childUrl, defineRoute, LOCATION, Reply } from '../../../http/route.ts'
import { arg } from '../../../http/v1-types.ts'
import { changeBy, moduleConfig, type RuleDeps } from '../../module-config.ts'
import { createService } from '../services.ts'
import { ServiceObject, HASHMAP, toServiceObject } from './objects.ts'

export const postServiceRoute = defineRoute<RuleDeps>()({
  ...moduleConfig,
  method: 'POST',
  path: `${HASHMAP}/services`,
  operationId: 'createHashmapService',
  summary: 'Create a service',
  body: z.strictObject({ service_id: arg.uuid().nullish(), name: arg.text({ min: 1, max: 255 }) }),
  bodyName: 'service_data',
  reply: { status: 201, schema: ServiceObject, headers: LOCATION },
  errors: [409],
  async handle(deps, { body, who, request }) {
    const service = await createService(deps.db, body, changeBy({ who, request }, deps))
    return new Reply(toServiceObject(service), { headers: { location: childUrl(request, service.id) } })
  },
})
