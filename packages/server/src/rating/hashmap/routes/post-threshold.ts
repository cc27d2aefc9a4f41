import { z } from 'zod'
import { childUrl, defineRoute, LOCATION, Reply } from '../../../http/route.ts'
import { changeBy, moduleConfig, type RuleDeps } from '../../module-config.ts'
import { createThreshold } from '../thresholds.ts'
import { HASHMAP, ThresholdObject, toThresholdObject } from './objects.ts'
import { toParents } from './parents-body.ts'
import { THRESHOLD_BODY } from './threshold-body.ts'

export const postThresholdRoute = defineRoute<RuleDeps>()({
  ...moduleConfig,
  method: 'POST',
  path: `${HASHMAP}/thresholds`,
  operationId: 'createHashmapThreshold',
  summary: 'Create a threshold',
  description: 'On the quantity of a service, or on the value of a field.',
  body: z.strictObject(THRESHOLD_BODY),
  bodyName: 'threshold_data',
  reply: { status: 201, schema: ThresholdObject, headers: LOCATION },
  errors: [409],
  async handle(deps, { body, who, request }) {
    const wanted = { level: body.level, type: body.type, cost: body.cost, ...toParents(body) }
    const threshold = await createThreshold(deps.db, wanted, changeBy({ who, request }, deps))
    return new Reply(toThresholdObject(threshold), { headers: { location: childUrl(request, threshold.id) } })
  },
})
