import { defineRoute } from '../../../http/route.ts'
import { arg } from '../../../http/v1-types.ts'
import { moduleConfig, type RuleDeps } from '../../module-config.ts'
import { getField } from '../fields.ts'
import { HASHMAP, FieldObject, toFieldObject } from './objects.ts'

export const getFieldRoute = defineRoute<RuleDeps>()({
  ...moduleConfig,
  method: 'GET',
  path: `${HASHMAP}/fields/{field_id}`,
  operationId: 'getHashmapField',
  summary: 'A field of a service',
  args: { field_id: arg.uuid() },
  reply: { status: 200, schema: FieldObject },
  errors: [404],
  handle: async ({ db }, { args }) => toFieldObject(await getField(db, args.field_id)),
})
