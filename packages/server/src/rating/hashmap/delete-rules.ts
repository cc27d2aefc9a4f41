import { and, isNull, type SQL, sql } from 'drizzle-orm'
import type { ChangeEntry, Recorder } from '../../state/audit.ts'
import type { StateDatabase } from '../../state/database.ts'
import type { Change } from '../change.ts'
import { toAuditValues } from '../to-audit-values.ts'
import { mappings, thresholds } from './tables.ts'

/** Deletes the rules that `which` selects, for good as far as the API can see. */
export async function deleteRules(
  tx: StateDatabase,
  record: Recorder,
  { who, now }: Change,
  which: (table: typeof mappings | typeof thresholds) => SQL | undefined,
): Promise<void> {
  const live = await tx
    .select()
    .from(mappings)
    .where(and(which(mappings), isNull(mappings.deleted)))
  // A mapping that was deleted before keeps its own date of deletion.
  await tx
    .update(mappings)
    .set({
      hidden: true,
      deleted: sql`coalesce(${mappings.deleted}, ${sql.param(now, mappings.deleted)})`,
      deletedBy: sql`coalesce(${mappings.deletedBy}, ${who})`,
    })
    .where(which(mappings))
  const gone = await tx
    .update(thresholds)
    .set({ deleted: now, deletedBy: who })
    .where(and(which(thresholds), isNull(thresholds.deleted)))
    .returning()
  await record([
    ...live.filter(({ versionOf }) => versionOf === null).map((rule) => deletion('hashmap_mapping', rule)),
    ...gone.filter(isCurrent).map((rule) => deletion('hashmap_threshold', rule)),
  ])
}

/** Of thresholds: not a former version. */
export function isCurrent({ end }: Pick<typeof thresholds.$inferSelect, 'end'>): boolean {
  return end === null
}

/** The audit record of something that is gone. */
export function deletion(kind: string, row: { readonly id: string }): ChangeEntry {
  return { action: 'delete', kind, target: row.id, before: { ...toAuditValues(row), deleted: undefined } }
}
