import { defineRoute } from '../../../http/route.ts'
import { arg } from '../../../http/v1-types.ts'
import { moduleConfig, type RuleDeps } from '../../module-config.ts'
import { getScript } from '../scripts.ts'
import { ScriptObject, SCRIPTS, toScriptObject } from './script-object.ts'

export const getScriptRoute = defineRoute<RuleDeps>()({
  ...moduleConfig,
  method: 'GET',
  path: `${SCRIPTS}/{script_id}`,
  operationId: 'getScript',
  summary: 'A script',
  args: { script_id: arg.uuid() },
  reply: { status: 200, schema: ScriptObject },
  errors: [404],
  handle: async ({ db }, { args }) => toScriptObject(await getScript(db, args.script_id)),
})
