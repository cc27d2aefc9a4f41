import { z } from 'zod'
import { defineRoute, LOCATION, Reply, selfUrl } from '../../../http/route.ts'
import { arg } from '../../../http/v1-types.ts'
import type { EditRunning } from '../../edit-running.ts'
import { changeBy, moduleConfig, type RuleDeps } from '../../module-config.ts'
import { updateThreshold } from '../thresholds.ts'
import { HASHMAP, ThresholdObject } from './objects.ts'
import { THRESHOLD_BODY } from './threshold-body.ts'

export const putThresholdRoute = (editRunning: EditRunning) =>
  defineRoute<RuleDeps>()({
    ...moduleConfig,
    method: 'PUT',
    path: [`${HASHMAP}/thresholds/{threshold_id}`, `${HASHMAP}/thresholds`],
    operationId: 'updateHashmapThreshold',
    summary: 'Change a threshold',
    description:
      'Level, cost, type and tenant are replaced, also by nothing. The group is left as it is when it is not named, and ' +
      'taken away by null. The parent cannot be changed. With `[hashmap] edit_running = new_version` the change holds from ' +
      'now on; otherwise for every period that is rated from now on, past ones too.',
    args: { threshold_id: arg.uuid() },
    body: z.strictObject(THRESHOLD_BODY),
    bodyName: 'threshold',
    reply: {
      status: 302,
      description: 'Done; `Location` is the address asked for',
      headers: LOCATION,
      follows: ThresholdObject,
    },
    errors: [404, 409],
    async handle(deps, { args, body, who, request }) {
      const { level, type, cost, group_id: groupId, tenant_id: tenantId = null } = body
      await updateThreshold(
        deps.db,
        args.threshold_id,
        { level, type, cost, groupId, tenantId },
        changeBy({ who, request }, deps),
        editRunning,
      )
      return new Reply(undefined, { headers: { location: selfUrl(request) } })
    },
  })
