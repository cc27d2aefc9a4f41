import { and, isNull, type SQL, sql } from 'drizzle-orm'
import type { StateDatabase } from '../../state/database.ts'
import type { Change } from '../change.ts'
import { mappings, thresholds } from './tables.ts'

/** Deletes the rules that `which` selects, for good as far as the API can see. */
export async function deleteRules(
  tx: StateDatabase,
  { who, now }: Change,
  which: (table: typeof mappings | typeof thresholds) => SQL | undefined,
): Promise<void> {
  // A mapping that was deleted before keeps its own date of deletion.
  await tx
    .update(mappings)
    .set({
      hidden: true,
      deleted: sql`coalesce(${mappings.deleted}, ${sql.param(now, mappings.deleted)})`,
      deletedBy: sql`coalesce(${mappings.deletedBy}, ${who})`,
    })
    .where(which(mappings))
  await tx
    .update(thresholds)
    .set({ deleted: now, deletedBy: who })
    .where(and(which(thresholds), isNull(thresholds.deleted)))
}
