import { z } from 'zod'
import { defineRoute } from '../../../http/route.ts'
import { moduleConfig, type RuleDeps } from '../../module-config.ts'
import { RULE_TYPES } from '../rules.ts'
import { HASHMAP, RuleType } from './objects.ts'

export const getTypes = defineRoute<RuleDeps>()({
  ...moduleConfig,
  method: 'GET',
  path: `${HASHMAP}/types`,
  operationId: 'listHashmapTypes',
  summary: 'What a rule can do with its cost',
  reply: { status: 200, schema: z.array(RuleType) },
  handle: () => [...RULE_TYPES],
})
