import { and, asc, eq, isNull } from 'drizzle-orm'
import { Fault } from '../../lib/fault.ts'
import type { StateDatabase } from '../../state/database.ts'
import type { Change } from '../change.ts'
import { isId } from '../is-id.ts'
import { toAuditValues } from '../to-audit-values.ts'
import { changeRules } from './change-rules.ts'
import { deleteRules, deletion } from './delete-rules.ts'
import { getService } from './services.ts'
import { fields } from './tables.ts'

export type FieldRow = Pick<typeof fields.$inferSelect, 'id' | 'name' | 'serviceId'>

const COLUMNS = { id: fields.id, name: fields.name, serviceId: fields.serviceId }

/** In order of creation; none when there is no such service. */
export function listFields(db: StateDatabase, serviceId: string, limit: number): Promise<FieldRow[]> {
  return db
    .select(COLUMNS)
    .from(fields)
    .where(and(isId(fields.serviceId, serviceId), isNull(fields.deleted)))
    .orderBy(asc(fields.position))
    .limit(limit)
}

/** `missing` is the fault's code when there is no such field. */
export async function getField(
  db: StateDatabase,
  fieldId: string,
  missing: 'request.not_found' | 'request.invalid' = 'request.not_found',
): Promise<FieldRow> {
  const [row] = await db
    .select(COLUMNS)
    .from(fields)
    .where(and(isId(fields.id, fieldId), isNull(fields.deleted)))
  if (!row) throw new Fault(missing, `No such field: ${fieldId}`)
  return row
}

export function createField(
  db: StateDatabase,
  { name, serviceId }: { name: string; serviceId: string },
  change: Change,
): Promise<FieldRow> {
  return changeRules(db, change, async (tx, record) => {
    const service = await getService(tx, serviceId, 'request.invalid')
    const [known] = await tx
      .select(COLUMNS)
      .from(fields)
      .where(and(eq(fields.serviceId, service.id), eq(fields.name, name), isNull(fields.deleted)))
    if (known) throw new Fault('request.conflict', `Field ${name} already exists (UUID: ${known.id})`)
    const [row] = await tx
      .insert(fields)
      .values({ name, serviceId: service.id, createdAt: change.now, createdBy: change.who })
      .returning(COLUMNS)
    await record({ action: 'create', kind: 'hashmap_field', target: row!.id, after: toAuditValues(row!) })
    return row!
  })
}

/** With its rules. */
export function deleteField(db: StateDatabase, fieldId: string, change: Change): Promise<void> {
  return changeRules(db, change, async (tx, record) => {
    const field = await getField(tx, fieldId)
    await deleteRules(tx, record, change, (table) => eq(table.fieldId, field.id))
    await tx.update(fields).set({ deleted: change.now, deletedBy: change.who }).where(eq(fields.id, field.id))
    await record(deletion('hashmap_field', field))
  })
}
