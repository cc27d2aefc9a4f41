import { z } from 'zod'
import { defineRoute } from '../../../http/route.ts'
import { withinRows } from '../../../http/within-rows.ts'
import { arg } from '../../../http/v1-types.ts'
import { AUDIT_FILTER_ARGS, toAuditFilter } from '../../audit-filter-args.ts'
import { moduleConfig, type RuleDeps } from '../../module-config.ts'
import { ruleTimeFromDate } from '../../rule-time.ts'
import { listScripts } from '../scripts.ts'
import { ScriptObject, SCRIPTS, toScriptObject } from './script-object.ts'

export const listScriptsRoute = defineRoute<RuleDeps>()({
  ...moduleConfig,
  method: 'GET',
  path: SCRIPTS,
  operationId: 'listScripts',
  summary: 'Scripts, in order of creation',
  description: '`no_data` leaves their sources out.',
  args: { ...AUDIT_FILTER_ARGS, no_data: arg.bool().default(false) },
  reply: { status: 200, schema: z.strictObject({ scripts: z.array(ScriptObject) }) },
  async handle({ db, clock, rowsMax }, { args }) {
    const list = (limit: number) => listScripts(db, toAuditFilter(args), ruleTimeFromDate(clock()), limit)
    const found = (await withinRows({ rowsMax }, list)).map(toScriptObject)
    return { scripts: args.no_data ? found.map(({ data: _data, ...rest }) => rest) : found }
  },
})
