import { and, asc, eq, isNull } from 'drizzle-orm'
import { Fault } from '../../lib/fault.ts'
import type { StateDatabase } from '../../state/database.ts'
import type { ChangeEntry } from '../../state/audit.ts'
import type { Change } from '../change.ts'
import { isId } from '../is-id.ts'
import { toAuditValues } from '../to-audit-values.ts'
import { changeRules } from './change-rules.ts'
import { deleteRules, deletion, isCurrent } from './delete-rules.ts'
import { groups, mappings, thresholds } from './tables.ts'

export type GroupRow = Pick<typeof groups.$inferSelect, 'id' | 'name'>

const COLUMNS = { id: groups.id, name: groups.name }

/** In order of creation, as many as are asked for. */
export function listGroups(db: StateDatabase, limit: number): Promise<GroupRow[]> {
  return db.select(COLUMNS).from(groups).where(isNull(groups.deleted)).orderBy(asc(groups.position)).limit(limit)
}

/** `missing` is the fault's code when there is no such group. */
export async function getGroup(
  db: StateDatabase,
  groupId: string,
  missing: 'request.not_found' | 'request.invalid' = 'request.not_found',
): Promise<GroupRow> {
  const [row] = await db
    .select(COLUMNS)
    .from(groups)
    .where(and(isId(groups.id, groupId), isNull(groups.deleted)))
  if (!row) throw new Fault(missing, `No such group: None (UUID: ${groupId})`)
  return row
}

export function createGroup(db: StateDatabase, { name }: { name: string }, change: Change): Promise<GroupRow> {
  return changeRules(db, change, async (tx, record) => {
    const [known] = await tx
      .select(COLUMNS)
      .from(groups)
      .where(and(eq(groups.name, name), isNull(groups.deleted)))
    if (known) throw new Fault('request.conflict', `Group ${name} already exists (UUID: ${known.id})`)
    const [row] = await tx
      .insert(groups)
      .values({ name, createdAt: change.now, createdBy: change.who })
      .returning(COLUMNS)
    await record({ action: 'create', kind: 'hashmap_group', target: row!.id, after: toAuditValues(row!) })
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
  return changeRules(db, change, async (tx, record) => {
    const group = await getGroup(tx, groupId)
    const { id } = group
    if (recursive) await deleteRules(tx, record, change, (table) => eq(table.groupId, id))
    else {
      const freed = await tx.update(mappings).set({ groupId: null }).where(eq(mappings.groupId, id)).returning()
      const alike = await tx.update(thresholds).set({ groupId: null }).where(eq(thresholds.groupId, id)).returning()
      await record([
        ...freed
          .filter((rule) => isLive(rule) && rule.versionOf === null)
          .map((rule) => leftGroup('hashmap_mapping', rule, id)),
        ...alike
          .filter((rule) => isLive(rule) && isCurrent(rule))
          .map((rule) => leftGroup('hashmap_threshold', rule, id)),
      ])
    }
    await tx.update(groups).set({ deleted: change.now, deletedBy: change.who }).where(eq(groups.id, id))
    await record(deletion('hashmap_group', group))
  })
}

function isLive({ deleted }: { readonly deleted: unknown }): boolean {
  return deleted === null
}

function leftGroup(kind: 'hashmap_mapping' | 'hashmap_threshold', rule: { readonly id: string }, groupId: string) {
  const after = toAuditValues(rule)
  return {
    action: 'update',
    kind,
    target: rule.id,
    before: { ...after, group_id: groupId },
    after,
  } satisfies ChangeEntry
}
