import { and, asc, eq, isNull, or } from 'drizzle-orm'
import { Fault } from '../../lib/fault.ts'
import type { StateDatabase } from '../../state/database.ts'
import { isAmong } from '../../state/one-of.ts'
import type { Change } from '../change.ts'
import { isId } from '../is-id.ts'
import { toAuditValues } from '../to-audit-values.ts'
import { changeRules } from './change-rules.ts'
import { deleteRules, deletion } from './delete-rules.ts'
import { fields, services } from './tables.ts'

export type ServiceRow = Pick<typeof services.$inferSelect, 'id' | 'name'>

const COLUMNS = { id: services.id, name: services.name }

/** In order of creation, as many as are asked for. */
export function listServices(db: StateDatabase, limit: number): Promise<ServiceRow[]> {
  return db.select(COLUMNS).from(services).where(isNull(services.deleted)).orderBy(asc(services.position)).limit(limit)
}

/** `missing` is the fault's code when there is no such service. */
export async function getService(
  db: StateDatabase,
  serviceId: string,
  missing: 'request.not_found' | 'request.invalid' = 'request.not_found',
): Promise<ServiceRow> {
  const [row] = await db
    .select(COLUMNS)
    .from(services)
    .where(and(isId(services.id, serviceId), isNull(services.deleted)))
  if (!row) throw new Fault(missing, `No such service: None (UUID: ${serviceId})`)
  return row
}

export function createService(db: StateDatabase, { name }: { name: string }, change: Change): Promise<ServiceRow> {
  return changeRules(db, change, async (tx, record) => {
    const [known] = await tx
      .select(COLUMNS)
      .from(services)
      .where(and(eq(services.name, name), isNull(services.deleted)))
    if (known) throw new Fault('request.conflict', `Service ${name} already exists (UUID: ${known.id})`)
    const [row] = await tx
      .insert(services)
      .values({ name, createdAt: change.now, createdBy: change.who })
      .returning(COLUMNS)
    await record({ action: 'create', kind: 'hashmap_service', target: row!.id, after: toAuditValues(row!) })
    return row!
  })
}

/** With its fields, and with the rules of both. */
export function deleteService(db: StateDatabase, serviceId: string, change: Change): Promise<void> {
  return changeRules(db, change, async (tx, record) => {
    const service = await getService(tx, serviceId)
    const { id } = service
    const ownFields = tx.select({ id: fields.id }).from(fields).where(eq(fields.serviceId, id))
    await deleteRules(tx, record, change, (table) => or(eq(table.serviceId, id), isAmong(table.fieldId, ownFields)))
    const deleted = { deleted: change.now, deletedBy: change.who }
    const gone = await tx
      .update(fields)
      .set(deleted)
      .where(and(eq(fields.serviceId, id), isNull(fields.deleted)))
      .returning({ id: fields.id, name: fields.name, serviceId: fields.serviceId })
    await tx.update(services).set(deleted).where(eq(services.id, id))
    await record([...gone.map((field) => deletion('hashmap_field', field)), deletion('hashmap_service', service)])
  })
}
