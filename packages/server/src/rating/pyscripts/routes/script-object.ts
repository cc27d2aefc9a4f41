import { z } from 'zod'
import { formatRuleTime, type RuleTime } from '../../rule-time.ts'
import type { ScriptRow } from '../scripts.ts'

/** Where the routes of scripts stand. */
export const SCRIPTS = '/v1/rating/module_config/pyscripts/scripts'

const naiveTime = z.string().describe('UTC, without a zone')

export const ScriptObject = z.strictObject({
  script_id: z.string(),
  name: z.string(),
  data: z.string().optional(),
  checksum: z.string().describe('Hexadecimal SHA-512 of the data in UTF-8'),
  created_at: naiveTime,
  start: naiveTime,
  end: naiveTime.nullable(),
  description: z.string().nullable(),
  deleted: naiveTime.nullable(),
  created_by: z.string(),
  updated_by: z.string().nullable(),
  deleted_by: z.string().nullable(),
})

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
