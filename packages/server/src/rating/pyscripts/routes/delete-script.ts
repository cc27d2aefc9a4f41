import { defineRoute } from '../../../http/route.ts'
import { arg } from '../../../http/v1-types.ts'
import { changeBy, moduleConfig, type RuleDeps } from '../../module-config.ts'
import { deleteScript } from '../scripts.ts'
import { SCRIPTS } from './script-object.ts'

export const deleteScriptRoute = defineRoute<RuleDeps>()({
  ...moduleConfig,
  method: 'DELETE',
  path: [`${SCRIPTS}/{script_id}`, SCRIPTS],
  operationId: 'deleteScript',
  summary: 'Delete a script',
  args: { script_id: arg.uuid() },
  reply: { status: 204 },
  errors: [404],
  async handle(deps, { args, who, request }) {
    await deleteScript(deps.db, args.script_id, changeBy({ who, request }, deps))
    return undefined
  },
})
