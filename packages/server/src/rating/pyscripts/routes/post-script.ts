import { z } from 'zod'
import { childUrl, defineRoute, LOCATION, Reply } from '../../../http/route.ts'
import { arg } from '../../../http/v1-types.ts'
import { changeBy, moduleConfig, type RuleDeps } from '../../module-config.ts'
import { createScript } from '../scripts.ts'
import { SCRIPT_BODY } from './script-body.ts'
import { ScriptObject, SCRIPTS, toScriptObject } from './script-object.ts'

export const postScriptRoute = defineRoute<RuleDeps>()({
  ...moduleConfig,
  method: 'POST',
  path: SCRIPTS,
  operationId: 'createScript',
  summary: 'Create a script',
  description: 'The source is not checked. `force` allows a start in the past.',
  args: { force: arg.bool().default(false) },
  body: z.strictObject(SCRIPT_BODY),
  bodyName: 'script_data',
  reply: { status: 201, schema: ScriptObject, headers: LOCATION },
  errors: [409],
  async handle(deps, { args, body, who, request }) {
    const { name, data = '', description, start, end } = body
    const wanted = { name, data, description, start, end }
    const script = await createScript(deps.db, wanted, args, changeBy({ who, request }, deps))
    return new Reply(toScriptObject(script), { headers: { location: childUrl(request, script.id) } })
  },
})
