import { randomUUID } from 'node:crypto'
import { and, asc, eq, gt, isNull, lt, ne, or, type SQL, sql } from 'drizzle-orm'
import type { PgColumn } from 'drizzle-orm/pg-core'
import { compare, Decimal } from '../../domain/decimal.ts'
import { Fault } from '../../lib/fault.ts'
import type { StateDatabase } from '../../state/database.ts'
import { type AuditFilter, auditFilter } from '../audit-filter.ts'
import type { Change } from '../change.ts'
import { type EditRunning, endOfRunning, requireStillRunning } from '../edit-running.ts'
import { isId } from '../is-id.ts'
import {
  differences,
  hasStarted,
  lifeValues,
  newEnd,
  type NewLife,
  newValidity,
  type PublicValue,
  type Validity,
  type WantedLife,
} from '../rule-life.ts'
import type { RuleTime } from '../rule-time.ts'
import { toAuditValues } from '../to-audit-values.ts'
import { toUuid } from '../../lib/to-uuid.ts'
import { changeRules } from './change-rules.ts'
import { deletion } from './delete-rules.ts'
import type { GroupRow } from './groups.ts'
import { checkOneParent, findParents, type ParentIds } from './parent.ts'
import { type RuleFilter, ruleFilter } from './rule-filter.ts'
import type { RuleType } from './rules.ts'
import { groups, mappings } from './tables.ts'

export type MappingRow = typeof mappings.$inferSelect

export interface NewMapping extends ParentIds, NewLife {
  /** Of a field's mapping: the text that the field must have. Empty or null for a service's own. */
  readonly value?: string | null | undefined
  readonly type: RuleType
  readonly cost: Decimal
  readonly tenantId?: string | null | undefined
  /** One is made up when there is none. */
  readonly name?: string | null | undefined
}

/** In order of creation. */
export function listMappings(
  db: StateDatabase,
  filter: RuleFilter & AuditFilter,
  now: RuleTime,
  limit: number,
): Promise<MappingRow[]> {
  return db
    .select()
    .from(mappings)
    .where(and(eq(mappings.hidden, false), ruleFilter(mappings, filter), auditFilter(mappings, filter, now)))
    .orderBy(asc(mappings.position))
    .limit(limit)
}

/** Also one that was deleted, unless it went with its service, field or group. */
export async function getMapping(db: StateDatabase, mappingId: string): Promise<MappingRow> {
  const [row] = await db
    .select()
    .from(mappings)
    .where(and(isId(mappings.id, mappingId), eq(mappings.hidden, false)))
  if (!row) throw noSuchMapping(mappingId)
  return row
}

export async function getMappingGroup(db: StateDatabase, mappingId: string): Promise<GroupRow> {
  const [row] = await db
    .select({ id: groups.id, name: groups.name })
    .from(mappings)
    .innerJoin(groups, eq(groups.id, mappings.groupId))
    .where(and(isId(mappings.id, mappingId), eq(mappings.hidden, false)))
  if (!row) throw new Fault('request.not_found', `No group for mapping: ${mappingId}`)
  return row
}

/** `force` allows a start in the past. */
export function createMapping(
  db: StateDatabase,
  given: NewMapping,
  { force }: { force: boolean },
  change: Change,
): Promise<MappingRow> {
  const { value = '', type, cost, tenantId = null, description = null } = given
  const validity = newValidity(given, change.now, { force })
  checkOneParent(given)
  requireValue({ ...given, value })
  return changeRules(db, change, async (tx, record) => {
    const parents = await findParents(tx, given)
    const name = given.name || randomUUID().replaceAll('-', '')
    await refuseSameName(tx, name)
    await refuseOverlap(tx, { ...parents, value, tenantId }, validity)
    const audit = { createdAt: change.now, createdBy: change.who }
    const [row] = await tx
      .insert(mappings)
      .values({ value, type, cost, ...parents, tenantId, name, description, ...validity, ...audit })
      .returning()
    await record({ action: 'create', kind: 'hashmap_mapping', target: row!.id, after: toAuditValues(row!) })
    return row!
  })
}

/** A field's mapping has a value, a service's has none. */
function requireValue({ serviceId, fieldId, value }: Pick<NewMapping, 'serviceId' | 'fieldId' | 'value'>): void {
  if (serviceId && value) {
    throw new Fault('request.invalid', 'You cannot specify a value for a service mapping.')
  }
  if (fieldId && !value) {
    throw new Fault('request.invalid', 'You must specify a value for a field mapping.')
  }
}

async function refuseSameName(tx: StateDatabase, name: string, own?: string): Promise<void> {
  const [known] = await tx
    .select({ id: mappings.id })
    .from(mappings)
    .where(
      and(
        eq(mappings.name, name),
        isNull(mappings.deleted),
        isNull(mappings.versionOf),
        own === undefined ? undefined : ne(mappings.id, own),
      ),
    )
  if (known) throw new Fault('request.conflict', `Mapping ${name} already exists (UUID: ${known.id})`)
}

/** Two rules for the same at the same time: only one of them could have an effect. */
async function refuseOverlap(
  tx: StateDatabase,
  wanted: Pick<MappingRow, 'value' | 'tenantId' | 'serviceId' | 'fieldId' | 'groupId'>,
  { start, end }: Validity,
  own?: string,
): Promise<void> {
  const rule = sql<string>`coalesce(${mappings.versionOf}, ${mappings.id})`
  const [known] = await tx
    .select({ id: rule })
    .from(mappings)
    .where(
      and(
        isNull(mappings.deleted),
        own === undefined ? undefined : ne(rule, own),
        sql`coalesce(${mappings.value}, '') = ${wanted.value ?? ''}`,
        same(mappings.tenantId, wanted.tenantId),
        same(mappings.serviceId, wanted.serviceId),
        same(mappings.fieldId, wanted.fieldId),
        same(mappings.groupId, wanted.groupId),
        or(isNull(mappings.end), gt(mappings.end, start)),
        end === null ? undefined : lt(mappings.start, end),
      ),
    )
  if (!known) return
  const value = wanted.value ? `for value ${wanted.value} of` : 'for'
  const parent = wanted.serviceId === null ? `field ${wanted.fieldId}` : `service ${wanted.serviceId}`
  const tenant = wanted.tenantId === null ? '' : ` and tenant ${wanted.tenantId}`
  const message = `A mapping ${value} ${parent}${tenant} already exists at that time (UUID: ${known.id})`
  throw new Fault('request.conflict', message)
}

/** Null is equal to null. */
function same(column: PgColumn, value: string | null): SQL {
  return value === null ? isNull(column) : eq(column, value)
}

/** A mapping as a client wants it to be. What it leaves out is undefined. */
export interface WantedMapping extends ParentIds, WantedLife {
  readonly value?: string | null | undefined
  readonly type?: RuleType | null | undefined
  readonly cost: Decimal
  readonly tenantId?: string | null | undefined
  readonly name?: string | null | undefined
}

/**
 * Before its start a mapping's cost, dates and description may change; afterwards it may get an end, once. With
 * `new_version` all but its parent may change at any time, from then on.
 */
export function updateMapping(
  db: StateDatabase,
  mappingId: string,
  wanted: WantedMapping,
  change: Change,
  editRunning: EditRunning,
): Promise<void> {
  return changeRules(db, change, async (tx, record) => {
    const stored = await getMapping(tx, mappingId)
    const versioned = editRunning === 'new_version' && hasStarted(stored, change.now)
    if (versioned && stored.deleted !== null) throw noSuchMapping(mappingId)
    const update = versioned ? await planVersion(tx, stored, wanted, change) : planUpdate(stored, wanted, change)
    if (stored.deleted !== null) throw noSuchMapping(mappingId)
    if (update === undefined) return
    const [row] = await tx
      .update(mappings)
      .set({ ...update, updatedBy: change.who })
      .where(eq(mappings.id, stored.id))
      .returning()
    const values = { before: toAuditValues(stored), after: toAuditValues(row!) }
    await record({ action: 'update', kind: 'hashmap_mapping', target: stored.id, ...values })
  })
}

/** What an update writes, beside who did it; undefined for nothing. */
function planUpdate(
  stored: MappingRow,
  wanted: WantedMapping,
  { now }: Change,
): Partial<Pick<MappingRow, 'cost' | 'start' | 'end' | 'description'>> | undefined {
  if (hasStarted(stored, now)) {
    const others = differences(otherValues(wanted), otherValues(stored))
    return newEnd(stored, { end: wanted.end, others }, now)
  }
  const validity = newValidity({ start: wanted.start ?? stored.start, end: wanted.end }, now, { force: false })
  const fixed = differences(fixedValues(wanted), fixedValues(stored))
  if (fixed.length > 0) {
    throw new Fault('request.invalid', `The attribute ${fixed[0]} of a mapping cannot be changed.`)
  }
  return { cost: wanted.cost, ...validity, description: wanted.description ?? null }
}

/**
 * What an update writes of a running mapping that may change; undefined for nothing. Where the change is one of prices, the
 * mapping as it was is kept, up to now, for what it priced.
 */
async function planVersion(
  tx: StateDatabase,
  stored: MappingRow,
  wanted: WantedMapping,
  { now }: Change,
): Promise<Partial<MappingRow> | undefined> {
  const former = await tx.select({ start: mappings.start }).from(mappings).where(eq(mappings.versionOf, stored.id))
  const starts = former.map(({ start }) => start)
  const end = endOfRunning(stored, wanted, starts)
  const moved = differences(parentsOnly(wanted), parentsOnly(stored))[0]
  if (moved !== undefined) {
    throw new Fault('request.invalid', `The attribute ${moved} of a mapping cannot be changed.`)
  }
  const { groupId } = wanted.groupId === undefined ? stored : await findParents(tx, { groupId: wanted.groupId })
  const priced = {
    value: (wanted.value === undefined ? stored.value : wanted.value) ?? '',
    type: wanted.type ?? stored.type,
    cost: wanted.cost,
    tenantId: wanted.tenantId === undefined ? stored.tenantId : wanted.tenantId || null,
    groupId,
  }
  const others = {
    name: wanted.name || stored.name,
    description: (wanted.description === undefined ? stored.description : wanted.description) || null,
    end,
  }
  const isNewPrice = !isSame(priced, { ...stored, value: stored.value ?? '' })
  if (!isNewPrice && isSame(others, { ...stored, description: stored.description || null })) return undefined
  requireStillRunning(stored, end, now)
  requireValue({ ...stored, value: priced.value })
  const start = isNewPrice ? now : stored.start
  await refuseSameName(tx, others.name, stored.id)
  await refuseOverlap(tx, { ...stored, ...priced }, { start, end }, stored.id)
  // What came into force this very moment has priced nothing yet.
  if (isNewPrice && stored.start < now) {
    const { id, position: _, ...values } = stored
    await tx.insert(mappings).values({ ...values, end: now, hidden: true, versionOf: id })
  }
  return { ...priced, ...others, start }
}

function parentsOnly({ serviceId, fieldId }: ParentIds): Record<string, PublicValue> {
  return parentValues({ serviceId, fieldId })
}

function isSame<T extends Readonly<Record<string, unknown>>>(wanted: T, stored: T): boolean {
  return Object.entries(wanted).every(([name, value]) => {
    const other = stored[name]
    return value instanceof Decimal && other instanceof Decimal ? compare(value, other) === 0 : value === other
  })
}

/** What no update can change, by its public name. */
function fixedValues(mapping: WantedMapping | MappingRow): Record<string, PublicValue> {
  const { value, type, tenantId, name } = mapping
  return { value, type, ...parentValues(mapping), tenant_id: tenantId, name }
}

/** All that may not change once it has started. */
function otherValues(mapping: WantedMapping | MappingRow): Record<string, PublicValue> {
  return { ...fixedValues(mapping), cost: mapping.cost, ...lifeValues(mapping) }
}

/** However a client dresses them. */
function parentValues({ serviceId, fieldId, groupId }: ParentIds): Record<string, PublicValue> {
  const id = (text: string | null | undefined) => (text ? (toUuid(text) ?? text) : text)
  return { service_id: id(serviceId), field_id: id(fieldId), group_id: id(groupId) }
}

/** The row stays, so that the prices it made can be explained. Its former versions go with it. */
export function deleteMapping(db: StateDatabase, mappingId: string, change: Change): Promise<void> {
  return changeRules(db, change, async (tx, record) => {
    const stored = await getMapping(tx, mappingId)
    if (stored.deleted !== null) throw noSuchMapping(mappingId)
    await tx
      .update(mappings)
      .set({ deleted: change.now, deletedBy: change.who })
      .where(or(eq(mappings.id, stored.id), and(eq(mappings.versionOf, stored.id), isNull(mappings.deleted))))
    await record(deletion('hashmap_mapping', stored))
  })
}

function noSuchMapping(mappingId: string): Fault {
  return new Fault('request.not_found', `No such mapping: ${mappingId}`)
}
