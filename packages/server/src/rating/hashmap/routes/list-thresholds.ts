import { z } from 'zod'
import { defineRoute } from '../../../http/route.ts'
import { withinRows } from '../../../http/within-rows.ts'
import { Fault } from '../../../lib/fault.ts'
import { moduleConfig, type RuleDeps } from '../../module-config.ts'
import { listThresholds } from '../thresholds.ts'
import { HASHMAP, ThresholdObject, toThresholdObject } from './objects.ts'
import { namesParent, RULE_FILTER_ARGS, toRuleFilter } from './rule-filter-args.ts'

export const listThresholdsRoute = defineRoute<RuleDeps>()({
  ...moduleConfig,
  method: 'GET',
  path: `${HASHMAP}/thresholds`,
  operationId: 'listHashmapThresholds',
  summary: 'Thresholds of a service itself, of a field or of a group, in order of creation',
  description: '`tenant_id` counts only together with `filter_tenant`.',
  args: RULE_FILTER_ARGS,
  reply: { status: 200, schema: z.strictObject({ thresholds: z.array(ThresholdObject) }) },
  async handle({ db, rowsMax }, { args }) {
    const filter = toRuleFilter(args)
    if (!namesParent(filter)) throw new Fault('request.invalid', 'A service_id, field_id or group_id is needed.')
    const found = await withinRows({ rowsMax }, (limit) => listThresholds(db, filter, limit))
    return { thresholds: found.map(toThresholdObject) }
  },
})
