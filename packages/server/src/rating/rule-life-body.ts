import type { z } from 'zod'
import { arg } from '../http/v1-types.ts'
import { ruleArg } from './module-config.ts'
import type { WantedLife } from './rule-life.ts'

/** What bodies of dated rules end with. Clients send back whole rules, so all of it may be there. */
export const RULE_LIFE_BODY = {
  description: arg.text({ max: 256 }).nullish(),
  start: ruleArg.time(),
  end: ruleArg.end(),
  created_at: ruleArg.time(),
  created_by: arg.text().nullish(),
  updated_by: arg.text().nullish(),
  deleted: ruleArg.time(),
  deleted_by: arg.text().nullish(),
}

export function toWantedLife(body: z.output<z.ZodObject<typeof RULE_LIFE_BODY>>): WantedLife {
  const { description, start, end, deleted } = body
  return {
    description,
    start,
    end,
    createdAt: body.created_at,
    createdBy: body.created_by,
    deleted,
    deletedBy: body.deleted_by,
  }
}
