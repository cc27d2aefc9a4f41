import { asc, eq, isNull } from 'drizzle-orm'
import type { StateDatabase } from '../../state/database.ts'
import type { Field, Mapping, Rules, Service, Threshold } from './rules.ts'
import { fields, mappings, services, thresholds } from './tables.ts'

/** All rules that count, as of one instant: three questions, however many rules. */
export function loadRules(db: StateDatabase): Promise<Rules> {
  return db.transaction(
    async (tx) => {
      const names = await tx
        .select({ serviceId: services.id, service: services.name, fieldId: fields.id, field: fields.name })
        .from(services)
        .leftJoin(fields, eq(fields.serviceId, services.id))
        .where(isNull(services.deleted))
        .orderBy(asc(services.position), asc(fields.position))
      const mappingRows = await tx
        .select()
        .from(mappings)
        .where(isNull(mappings.deleted))
        .orderBy(asc(mappings.position))
      const thresholdRows = await tx
        .select()
        .from(thresholds)
        .where(isNull(thresholds.deleted))
        .orderBy(asc(thresholds.createdAt), asc(thresholds.version))

      const byParent = {
        mappings: groupByParent(mappingRows, toMapping),
        thresholds: groupByParent(thresholdRows, toThreshold),
      }
      const ownRules = (id: string) => ({
        mappings: byParent.mappings.get(id) ?? [],
        thresholds: byParent.thresholds.get(id) ?? [],
      })
      const found = new Map<string, Omit<Service, 'fields'> & { fields: Field[] }>()
      for (const { serviceId, service, fieldId, field } of names) {
        const known = found.get(serviceId) ?? { name: service, ...ownRules(serviceId), fields: [] }
        if (fieldId !== null && field !== null) known.fields.push({ name: field, ...ownRules(fieldId) })
        found.set(serviceId, known)
      }
      return [...found.values()]
    },
    { isolationLevel: 'repeatable read', accessMode: 'read only' },
  )
}

interface RuleRow {
  readonly serviceId: string | null
  readonly fieldId: string | null
}

/** Ids of services and fields are of one kind, so that one map does for both. */
function groupByParent<Row extends RuleRow, R>(rows: readonly Row[], toRule: (row: Row) => R): Map<string, R[]> {
  const groups = new Map<string, R[]>()
  for (const row of rows) {
    const parent = row.serviceId ?? row.fieldId!
    const group = groups.get(parent)
    if (group) group.push(toRule(row))
    else groups.set(parent, [toRule(row)])
  }
  return groups
}

function toMapping({ id, value, ...row }: typeof mappings.$inferSelect): Mapping {
  return { id, ...toRule(row), value: value ?? '' }
}

function toThreshold({ id, level, ...row }: typeof thresholds.$inferSelect): Threshold {
  return { id, ...toRule(row), level }
}

function toRule(row: Pick<typeof mappings.$inferSelect, 'groupId' | 'tenantId' | 'type' | 'cost' | 'start' | 'end'>) {
  return {
    groupId: row.groupId ?? undefined,
    scopeId: row.tenantId ?? undefined,
    type: row.type,
    cost: row.cost,
    start: row.start,
    end: row.end ?? undefined,
  }
}
