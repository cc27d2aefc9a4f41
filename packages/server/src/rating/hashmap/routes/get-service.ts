import { defineRoute } from '../../../http/route.ts'
import { arg } from '../../../http/v1-types.ts'
import { moduleConfig, type RuleDeps } from '../../module-config.ts'
import { getService } from '../services.ts'
import { HASHMAP, ServiceObject, toServiceObject } from './objects.ts'

export const getServiceRoute = defineRoute<RuleDeps>()({
  ...moduleConfig,
  method: 'GET',
  path: `${HASHMAP}/services/{service_id}`,
  operationId: 'getHashmapService',
  summary: 'A service: a metric type that has rules',
  args: { service_id: arg.uuid() },
  reply: { status: 200, schema: ServiceObject },
  errors: [404],
  handle: async ({ db }, { args }) => toServiceObject(await getService(db, args.service_id)),
})
