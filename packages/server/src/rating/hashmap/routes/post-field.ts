import { z } from 'zod'
import { childUrl, defineRoute, LOCATION, Reply } from '../../../http/route.ts'
import { arg } from '../../../http/v1-types.ts'
import { changeBy, moduleConfig, type RuleDeps } from '../../module-config.ts'
import { createField } from '../fields.ts'
import { FieldObject, HASHMAP, toFieldObject } from './objects.ts'

export const postFieldRoute = defineRoute<RuleDeps>()({
  ...moduleConfig,
  method: 'POST',
  path: `${HASHMAP}/fields`,
  operationId: 'createHashmapField',
  summary: 'Create a field',
  body: z.strictObject({
    field_id: arg.uuid().nullish(),
    name: arg.text({ min: 1, max: 255 }),
    service_id: arg.uuid(),
  }),
  bodyName: 'field_data',
  reply: { status: 201, schema: FieldObject, headers: LOCATION },
  errors: [409],
  async handle(deps, { body, who, request }) {
    const field = await createField(
      deps.db,
      { name: body.name, serviceId: body.service_id },
      changeBy({ who, request }, deps),
    )
    return new Reply(toFieldObject(field), { headers: { location: childUrl(request, field.id) } })
  },
})
