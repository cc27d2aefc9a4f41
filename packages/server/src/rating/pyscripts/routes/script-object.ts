import { z } from 'zod'
import { naiveText } from '../../../http/datetime.ts'
import { formatRuleTime, type RuleTime } from '../../rule-time.ts'
import type { ScriptRow } from '../scripts.ts'

/** Where the routes of scripts stand. */
export const SCRIPTS = '/v1/rating/module_config/pyscripts/scripts'

export const ScriptObject = z
  .strictObject({
    script_id: z.uuid(),
    name: z.string(),
    data: z.string().optional().describe('Its source; left out when `no_data` asks for that.'),
    checksum: z.string().describe('Hexadecimal SHA-512 of the data in UTF-8.'),
    created_at: naiveText(),
    start: naiveText(),
    end: naiveText().nullable(),
    description: z.string().nullable(),
    deleted: naiveText().nullable(),
    created_by: z.string(),
    updated_by: z.string().nullable(),
    deleted_by: z.string().nullable(),
  })
  .meta({ id: 'Script' })

export function toScriptObject(script: ScriptRow): z.output<typeof ScriptObject> {
  return {
    script_id: script.id,
    name: script.name,
    data: script.data,
    checksum: script.checksum,
    created_at: formatRuleTime(script.createdAt),
    start: formatRuleTime(script.start),
    end: orNull(script.end),
    description: script.description,
    deleted: orNull(script.deleted),
    created_by: script.createdBy,
    updated_by: script.updatedBy,
    deleted_by: script.deletedBy,
  }
}

function orNull(time: RuleTime | null): string | null {
  return time === null ? null : formatRuleTime(time)
}
