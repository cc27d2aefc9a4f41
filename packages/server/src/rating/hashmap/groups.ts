import { and, asc, eq, isNull } from 'drizzle-orm'
import { Fault } from '../../lib/fault.ts'
import type { StateDatabase } from '../../state/database.ts'
import type { Change } from '../change.ts'
import { toUuid } from '../to-uuid.ts'
import { changeRules } from './change-rules.ts'
import { deleteRules } from './delete-rules.ts'
import { groups, mappings, thresholds } from './tables.ts'

export type GroupRow = Pick<typeof groups.$inferSelect, 'id' | 'name'>

const COLUMNS = { id: groups.id, name: groups.name }

/** In order of creation. */
export function listGroups(db: StateDatabase): Promise<GroupRow[]> {
  return db.select(COLUMNS).from(groups).where(isNull(groups.deleted)).orderBy(asc(groups.position))
}

/** `missing` is the fault's code when there is no such group. */
export async function getGroup(
  db: StateDatabase,
  groupId: string,
  missing: 'request.not_found' | 'request.invalid' = 'request.not_found',
): Promise<GroupRow> {
  const id = toUuid(groupId)
  const [row] = id
    ? await db
        .select(COLUMNS)
        .from(groups)
        .where(and(eq(groups.id, id), isNull(groups.deleted)))
    : []
  if (!row) throw new Fault(missing, `No such group: None (UUID: ${groupId})`)
  return row
}

export function createGroup(db: StateDatabase, { name }: { name: string }, change: Change): Promise<GroupRow> {
  return changeRules(db, async (tx) => {
    const [known] = await tx
      .select(COLUMNS)
      .from(groups)
      .where(and(eq(groups.name, name), isNull(groups.deleted)))
    if (known) throw new Fault('request.conflict', `Group ${name} already exists (UUID: ${known.id})`)
    const [row] = await tx
      .insert(groups)
      .values({ name, createdAt: change.now, createdBy: change.who })
      .returning(COLUMNS)
    return row!
  })
}

/** `recursive`: with its rules. Otherwise they stay, in no group. */
export function deleteGroup(
  db: StateDatabase,
  groupId: string,
  { recursive }: { recursive: boolean },
  change: Change,
): Promise<void> {
  return changeRules(db, async (tx) => {
    const { id } = await getGroup(tx, groupId)
    if (recursive) await deleteRules(tx, change, (table) => eq(table.groupId, id))
    else {
      await tx.update(mappings).set({ groupId: null }).where(eq(mappings.groupId, id))
      await tx.update(thresholds).set({ groupId: null }).where(eq(thresholds.groupId, id))
    }
    await tx.update(groups).set({ deleted: change.now, deletedBy: change.who }).where(eq(groups.id, id))
  })
}
