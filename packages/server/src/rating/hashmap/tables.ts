import { sql } from 'drizzle-orm'
import { bigint, boolean, check, index, integer, pgTable, uniqueIndex, uuid, varchar } from 'drizzle-orm/pg-core'
import { auditColumns, deletionColumns, exact, ruleTime } from '../columns.ts'
import { RULE_TYPES } from './rules.ts'

/** Order of creation, in which rules are loaded and listed. */
const position = () => bigint('position', { mode: 'number' }).generatedAlwaysAsIdentity()
const id = (name: string) => uuid(name).primaryKey().defaultRandom()
const name = () => varchar('name', { length: 255 }).notNull()
const ruleType = () => varchar('map_type', { length: 4, enum: RULE_TYPES }).notNull()
const cost = () => exact('cost', { precision: 40, scale: 28 }).notNull()
/** Null: for every scope. */
const tenantId = () => varchar('tenant_id', { length: 255 })

/** One row. Every change of a rule counts it up, under whose lock changes wait for each other. */
export const revision = pgTable(
  'hashmap_revision',
  { id: integer('id').primaryKey(), value: bigint('value', { mode: 'number' }).notNull() },
  (table) => [check('hashmap_revision_single', sql`${table.id} = 1`)],
)

export const services = pgTable(
  'hashmap_services',
  { id: id('service_id'), position: position(), name: name(), ...deletionColumns() },
  (table) => [
    uniqueIndex('hashmap_services_name')
      .on(table.name)
      .where(sql`${table.deleted} is null`),
  ],
)

export const fields = pgTable(
  'hashmap_fields',
  {
    id: id('field_id'),
    position: position(),
    name: name(),
    serviceId: uuid('service_id')
      .notNull()
      .references(() => services.id),
    ...deletionColumns(),
  },
  (table) => [
    uniqueIndex('hashmap_fields_name')
      .on(table.serviceId, table.name)
      .where(sql`${table.deleted} is null`),
  ],
)

export const groups = pgTable(
  'hashmap_groups',
  { id: id('group_id'), position: position(), name: name(), ...deletionColumns() },
  (table) => [
    uniqueIndex('hashmap_groups_name')
      .on(table.name)
      .where(sql`${table.deleted} is null`),
  ],
)

const parents = () => ({
  serviceId: uuid('service_id').references(() => services.id),
  fieldId: uuid('field_id').references(() => fields.id),
  groupId: uuid('group_id').references(() => groups.id),
})

export const mappings = pgTable(
  'hashmap_mappings',
  {
    id: id('mapping_id'),
    position: position(),
    value: varchar('value', { length: 255 }),
    cost: cost(),
    type: ruleType(),
    ...parents(),
    tenantId: tenantId(),
    name: varchar('name', { length: 32 }).notNull(),
    ...auditColumns(),
    /**
     * Deleted together with its service, field or group: CloudKitty erases it then, and so the API does not show it; or a
     * former version.
     */
    hidden: boolean('hidden').notNull().default(false),
    /** The mapping that this was until its end; null: the mapping itself. */
    versionOf: uuid('version_of'),
  },
  (table) => [
    uniqueIndex('hashmap_mappings_name')
      .on(table.name)
      .where(sql`${table.deleted} is null and ${table.versionOf} is null`),
    index('hashmap_mappings_version_of').on(table.versionOf),
    index('hashmap_mappings_service').on(table.serviceId),
    index('hashmap_mappings_field').on(table.fieldId),
    index('hashmap_mappings_group').on(table.groupId),
    check('hashmap_mappings_parent', sql`num_nonnulls(${table.serviceId}, ${table.fieldId}) = 1`),
  ],
)

/** Thresholds as they are, and as they were: a change deletes or ends the row and adds another with the same id. */
export const thresholds = pgTable(
  'hashmap_thresholds',
  {
    version: bigint('version', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    id: uuid('threshold_id').notNull().defaultRandom(),
    level: exact('level', { precision: 20, scale: 8 }).notNull(),
    cost: cost(),
    type: ruleType(),
    ...parents(),
    tenantId: tenantId(),
    ...deletionColumns(),
    /** The API knows no dates of thresholds. The first version has always been valid; the current one has no end. */
    start: ruleTime('start').notNull(),
    end: ruleTime('end'),
    /** Who made this version, if it is not the first. */
    updatedBy: varchar('updated_by', { length: 255 }),
  },
  (table) => [
    uniqueIndex('hashmap_thresholds_id')
      .on(table.id)
      .where(sql`${table.deleted} is null and ${table.end} is null`),
    index('hashmap_thresholds_service').on(table.serviceId),
    index('hashmap_thresholds_field').on(table.fieldId),
    index('hashmap_thresholds_group').on(table.groupId),
    check('hashmap_thresholds_parent', sql`num_nonnulls(${table.serviceId}, ${table.fieldId}) = 1`),
  ],
)
