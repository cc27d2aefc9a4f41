import { z } from 'zod'
import { childUrl, defineRoute, LOCATION, Reply, selfUrl } from '../../../http/route.ts'
import { arg } from '../../../http/v1-types.ts'
import type { EditRunning } from '../../edit-running.ts'
import { changeBy, moduleConfig, type RuleDeps } from '../../module-config.ts'
import { toWantedLife } from '../../rule-life-body.ts'
import { updateScript } from '../scripts.ts'
import { SCRIPT_BODY } from './script-body.ts'
import { ScriptObject, SCRIPTS, toScriptObject } from './script-object.ts'

export const putScriptRoute = (editRunning: EditRunning) =>
  defineRoute<RuleDeps>()({
    ...moduleConfig,
    method: 'PUT',
    path: [`${SCRIPTS}/{script_id}`, SCRIPTS],
    operationId: 'updateScript',
    summary: 'Change a script',
    description:
      'Before its start: data, start, end and description, of which the last two are emptied when they are left out. ' +
      'Afterwards: the end alone, and only once, unless `[pyscripts] edit_running` is `new_version`: then all but the start, ' +
      'from now on. Saying again what is so already is no change.',
    args: { script_id: arg.uuid() },
    body: z.strictObject(SCRIPT_BODY),
    bodyName: 'script_data',
    reply: { status: 201, schema: ScriptObject, headers: LOCATION },
    errors: [404, 409],
    async handle(deps, { args, body, who, request }) {
      const wanted = { name: body.name, data: body.data, ...toWantedLife(body) }
      const script = await updateScript(deps.db, args.script_id, wanted, changeBy({ who, request }, deps), editRunning)
      // The request's own address names the script, unless its body does.
      const named = request.url.pathname.replace(/\/$/, '').endsWith(`/${args.script_id}`)
      const location = named ? selfUrl(request) : childUrl(request, script.id)
      return new Reply(toScriptObject(script), { headers: { location } })
    },
  })
