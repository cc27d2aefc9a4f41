import { and, asc, eq, isNull, ne, type SQL } from 'drizzle-orm'
import { compare, type Decimal, formatDecimal } from '../../domain/decimal.ts'
import { Fault } from '../../lib/fault.ts'
import type { StateDatabase } from '../../state/database.ts'
import type { Change } from '../change.ts'
import type { EditRunning } from '../edit-running.ts'
import { isId } from '../is-id.ts'
import type { RuleTime } from '../rule-time.ts'
import { toAuditValues } from '../to-audit-values.ts'
import { changeRules } from './change-rules.ts'
import { deletion } from './delete-rules.ts'
import { getGroup, type GroupRow } from './groups.ts'
import { checkOneParent, findParents, type ParentIds } from './parent.ts'
import { type RuleFilter, ruleFilter } from './rule-filter.ts'
import type { RuleType } from './rules.ts'
import { groups, thresholds } from './tables.ts'

export type ThresholdRow = typeof thresholds.$inferSelect

export interface NewThreshold extends ParentIds {
  readonly level: Decimal
  readonly type: RuleType
  readonly cost: Decimal
  readonly tenantId?: string | null | undefined
}

/** CloudKitty's thresholds have no dates: a new one is valid for every period, also a past one. */
const ALWAYS: RuleTime = 0n

/** In order of creation. */
export function listThresholds(db: StateDatabase, filter: RuleFilter, limit: number): Promise<ThresholdRow[]> {
  return db
    .select()
    .from(thresholds)
    .where(and(isNull(thresholds.deleted), isNull(thresholds.end), ruleFilter(thresholds, filter)))
    .orderBy(asc(thresholds.createdAt), asc(thresholds.version))
    .limit(limit)
}

export async function getThreshold(db: StateDatabase, thresholdId: string): Promise<ThresholdRow> {
  const [row] = await db.select().from(thresholds).where(isLive(thresholdId))
  if (!row) throw new Fault('request.not_found', `No such threshold: ${thresholdId}`)
  return row
}

export async function getThresholdGroup(db: StateDatabase, thresholdId: string): Promise<GroupRow> {
  const [row] = await db
    .select({ id: groups.id, name: groups.name })
    .from(thresholds)
    .innerJoin(groups, eq(groups.id, thresholds.groupId))
    .where(isLive(thresholdId))
  if (!row) throw new Fault('request.not_found', `No group for threshold: ${thresholdId}`)
  return row
}

export function createThreshold(db: StateDatabase, given: NewThreshold, change: Change): Promise<ThresholdRow> {
  const { level, type, cost, tenantId = null } = given
  checkOneParent(given)
  return changeRules(db, change, async (tx, record) => {
    const parents = await findParents(tx, given)
    await refuseSameLevel(tx, { level, tenantId, ...parents }, undefined)
    const audit = { start: ALWAYS, createdAt: change.now, createdBy: change.who }
    const [row] = await tx
      .insert(thresholds)
      .values({ level, type, cost, tenantId, ...parents, ...audit })
      .returning()
    await record({ action: 'create', kind: 'hashmap_threshold', target: row!.id, after: toAuditValues(row!) })
    return row!
  })
}

/** A threshold as a client wants it to be: all of it, but for the group, which undefined leaves as it is. */
export interface WantedThreshold {
  readonly level: Decimal
  readonly type: RuleType
  readonly cost: Decimal
  readonly tenantId: string | null
  readonly groupId: string | null | undefined
}

/**
 * The former version stays, so that the prices it made can be explained: deleted, as the change counts for every period; or,
 * with `new_version`, until now.
 */
export function updateThreshold(
  db: StateDatabase,
  thresholdId: string,
  wanted: WantedThreshold,
  change: Change,
  editRunning: EditRunning,
): Promise<void> {
  return changeRules(db, change, async (tx, record) => {
    const { version, ...stored } = await getThreshold(tx, thresholdId)
    const { level, type, cost, tenantId } = wanted
    const groupId = wanted.groupId === undefined ? stored.groupId : await findGroup(tx, wanted.groupId)
    const next = { ...stored, level, type, cost, tenantId, groupId }
    // Clients follow CloudKitty's 302 to a PUT by sending the PUT again.
    if (isSame(stored, next)) return
    await refuseSameLevel(tx, next, stored.id)
    // What came into force this very moment has priced nothing yet.
    const keeps = editRunning === 'new_version' && stored.start < change.now
    await tx
      .update(thresholds)
      .set(keeps ? { end: change.now } : { deleted: change.now, deletedBy: change.who })
      .where(eq(thresholds.version, version))
    const current = keeps ? { ...next, start: change.now } : next
    await tx.insert(thresholds).values({ ...current, updatedBy: change.who })
    const values = { before: toAuditValues(stored), after: toAuditValues(current) }
    await record({ action: 'update', kind: 'hashmap_threshold', target: stored.id, ...values })
  })
}

/** Its former versions go with it. */
export function deleteThreshold(db: StateDatabase, thresholdId: string, change: Change): Promise<void> {
  return changeRules(db, change, async (tx, record) => {
    const stored = await getThreshold(tx, thresholdId)
    await tx
      .update(thresholds)
      .set({ deleted: change.now, deletedBy: change.who })
      .where(and(eq(thresholds.id, stored.id), isNull(thresholds.deleted)))
    await record(deletion('hashmap_threshold', stored))
  })
}

function isLive(thresholdId: string): SQL | undefined {
  return and(isId(thresholds.id, thresholdId), isNull(thresholds.deleted), isNull(thresholds.end))
}

async function findGroup(tx: StateDatabase, groupId: string | null): Promise<string | null> {
  return groupId === null ? null : (await getGroup(tx, groupId, 'request.invalid')).id
}

type Place = Pick<ThresholdRow, 'level' | 'tenantId' | 'serviceId' | 'fieldId' | 'groupId'>

/**
 * CloudKitty allows a tenant one threshold per level and parent, whatever the group; and thresholds for everybody without
 * limit. Of two for everybody in the same group only one could have an effect, so the second is refused here.
 */
async function refuseSameLevel(tx: StateDatabase, wanted: Place, own: string | undefined): Promise<void> {
  const { level, tenantId, serviceId, fieldId, groupId } = wanted
  const [known] = await tx
    .select({ id: thresholds.id })
    .from(thresholds)
    .where(
      and(
        isNull(thresholds.deleted),
        isNull(thresholds.end),
        own === undefined ? undefined : ne(thresholds.id, own),
        eq(thresholds.level, level),
        serviceId === null ? isNull(thresholds.serviceId) : eq(thresholds.serviceId, serviceId),
        fieldId === null ? isNull(thresholds.fieldId) : eq(thresholds.fieldId, fieldId),
        tenantId === null
          ? and(
              isNull(thresholds.tenantId),
              groupId === null ? isNull(thresholds.groupId) : eq(thresholds.groupId, groupId),
            )
          : eq(thresholds.tenantId, tenantId),
      ),
    )
  if (!known) return
  const parent = serviceId === null ? `field ${fieldId}` : `service ${serviceId}`
  const tenant = tenantId === null ? '' : ` and tenant ${tenantId}`
  const message = `A threshold of level ${formatDecimal(level)} for ${parent}${tenant} already exists (UUID: ${known.id})`
  throw new Fault('request.conflict', message)
}

function isSame(a: Omit<ThresholdRow, 'version'>, b: Omit<ThresholdRow, 'version'>): boolean {
  const equal = a.type === b.type && a.tenantId === b.tenantId && a.groupId === b.groupId
  return equal && compare(a.level, b.level) === 0 && compare(a.cost, b.cost) === 0
}
