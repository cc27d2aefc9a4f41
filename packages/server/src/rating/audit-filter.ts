import { and, eq, gt, gte, ilike, isNull, lt, lte, or, type SQL } from 'drizzle-orm'
import type { PgColumn } from 'drizzle-orm/pg-core'
import type { RuleTime } from './rule-time.ts'

/** What lists of dated rules can be narrowed by, as CloudKitty does it; all that is given must hold. */
export interface AuditFilter {
  /** True: those that were deleted are listed too. */
  readonly deleted?: boolean | undefined
  /** Rules that start then or later. */
  readonly start?: RuleTime | undefined
  /** Rules that end before then; those without an end drop out. */
  readonly end?: RuleTime | undefined
  readonly createdBy?: string | undefined
  readonly updatedBy?: string | undefined
  readonly deletedBy?: string | undefined
  /** A part of it, in any letter case. */
  readonly description?: string | undefined
  /** True: only rules that are valid now. */
  readonly isActive?: boolean | undefined
}

type AuditColumns = Readonly<
  Record<'start' | 'end' | 'deleted' | 'createdBy' | 'updatedBy' | 'deletedBy' | 'description', PgColumn>
>

export function auditFilter(table: AuditColumns, filter: AuditFilter, now: RuleTime): SQL | undefined {
  const { deleted, start, end, createdBy, updatedBy, deletedBy, description, isActive } = filter
  return and(
    deleted ? undefined : isNull(table.deleted),
    start === undefined ? undefined : gte(table.start, start),
    end === undefined ? undefined : lt(table.end, end),
    createdBy === undefined ? undefined : eq(table.createdBy, createdBy),
    updatedBy === undefined ? undefined : eq(table.updatedBy, updatedBy),
    deletedBy === undefined ? undefined : eq(table.deletedBy, deletedBy),
    description === undefined ? undefined : ilike(table.description, `%${description.replaceAll(/[\\%_]/g, '\\$&')}%`),
    isActive ? and(lte(table.start, now), or(gt(table.end, now), isNull(table.end)), isNull(table.deleted)) : undefined,
  )
}
