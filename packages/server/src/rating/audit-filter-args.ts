import type { z } from 'zod'
import { arg } from '../http/v1-types.ts'
import type { AuditFilter } from './audit-filter.ts'
import { ruleArg } from './module-config.ts'

/** What lists of dated rules can be narrowed by. The empty text is as good as absent. */
export const AUDIT_FILTER_ARGS = {
  deleted: arg.bool().default(false).describe('Those that were deleted too.'),
  start: ruleArg.time().describe('Those that start then or later.'),
  end: ruleArg.time().describe('Those that end before then.'),
  created_by: arg.text().optional(),
  updated_by: arg.text().optional(),
  deleted_by: arg.text().optional(),
  description: arg.text().optional().describe('A part of it, in any letter case.'),
  is_active: arg.bool().default(false).describe('Those that are valid now only.'),
}

export function toAuditFilter(args: z.output<z.ZodObject<typeof AUDIT_FILTER_ARGS>>): AuditFilter {
  return {
    deleted: args.deleted,
    start: args.start,
    end: args.end,
    createdBy: args.created_by || undefined,
    updatedBy: args.updated_by || undefined,
    deletedBy: args.deleted_by || undefined,
    description: args.description || undefined,
    isActive: args.is_active,
  }
}
