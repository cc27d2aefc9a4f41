import { defineRoute } from '../../../http/route.ts'
import { arg } from '../../../http/v1-types.ts'
import { changeBy, moduleConfig, type RuleDeps } from '../../module-config.ts'
import { deleteField } from '../fields.ts'
import { HASHMAP } from './objects.ts'

export const deleteFieldRoute = defineRoute<RuleDeps>()({
  ...moduleConfig,
  method: 'DELETE',
  path: [`${HASHMAP}/fields/{field_id}`, `${HASHMAP}/fields`],
  operationId: 'deleteHashmapField',
  summary: 'Delete a field with its rules',
  args: { field_id: arg.uuid() },
  reply: { status: 204 },
  errors: [404],
  async handle(deps, { args, who, request }) {
    await deleteField(deps.db, args.field_id, changeBy({ who, request }, deps))
    return undefined
  },
})
