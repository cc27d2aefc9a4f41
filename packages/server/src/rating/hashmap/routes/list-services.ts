import { z } from 'zod'
import { defineRoute } from '../../../http/route.ts'
import { withinRows } from '../../../http/within-rows.ts'
import { moduleConfig, type RuleDeps } from '../../module-config.ts'
import { listServices } from '../services.ts'
import { ServiceObject, HASHMAP, toServiceObject } from './objects.ts'

export const listServicesRoute = defineRoute<RuleDeps>()({
  ...moduleConfig,
  method: 'GET',
  path: `${HASHMAP}/services`,
  operationId: 'listHashmapServices',
  summary: 'All services, in order of creation',
  reply: { status: 200, schema: z.strictObject({ services: z.array(ServiceObject) }) },
  handle: async ({ db, rowsMax }) => ({
    services: (await withinRows({ rowsMax }, (limit) => listServices(db, limit))).map(toServiceObject),
  }),
})
