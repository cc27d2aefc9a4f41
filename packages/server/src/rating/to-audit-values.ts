import type { Values } from '../state/audit.ts'
import { formatRuleTime } from './rule-time.ts'

/** Columns that say nothing about a rule: its id stands beside the values, who changed it and when does so too. */
const SILENT = new Set([
  'id',
  'position',
  'version',
  'hidden',
  'versionOf',
  'createdAt',
  'createdBy',
  'updatedBy',
  'deletedBy',
])

/** A rule's row as audit records hold it, by the names that the API has for its columns. */
export function toAuditValues(row: Readonly<Record<string, unknown>>): Values {
  return Object.fromEntries(
    Object.entries(row)
      .filter(([name]) => !SILENT.has(name))
      .map(([name, value]) => [toSnakeCase(name), typeof value === 'bigint' ? formatRuleTime(value) : value]),
  )
}

function toSnakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}
