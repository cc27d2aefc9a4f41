import { z } from 'zod'
import { defineRoute } from '../../../http/route.ts'
import { withinRows } from '../../../http/within-rows.ts'
import { arg } from '../../../http/v1-types.ts'
import { moduleConfig, type RuleDeps } from '../../module-config.ts'
import { listFields } from '../fields.ts'
import { FieldObject, HASHMAP, toFieldObject } from './objects.ts'

export const listFieldsRoute = defineRoute<RuleDeps>()({
  ...moduleConfig,
  method: 'GET',
  path: [`${HASHMAP}/fields`, `${HASHMAP}/services/fields`, `${HASHMAP}/services/{service_id}/fields`],
  operationId: 'listHashmapFields',
  summary: 'The fields of a service, in order of creation',
  description: 'None when there is no such service.',
  args: { service_id: arg.uuid() },
  reply: { status: 200, schema: z.strictObject({ fields: z.array(FieldObject) }) },
  handle: async ({ db, rowsMax }, { args }) => ({
    fields: (await withinRows({ rowsMax }, (limit) => listFields(db, args.service_id, limit))).map(toFieldObject),
  }),
})
