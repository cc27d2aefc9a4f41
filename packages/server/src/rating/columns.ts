import { customType, varchar } from 'drizzle-orm/pg-core'
import { type Decimal, decimal, formatDecimal } from '../domain/decimal.ts'
import { formatRuleTime, parseRuleTime, type RuleTime } from './rule-time.ts'

/** An exact decimal. What is written must have no more places than the column. */
export const exact = customType<{
  data: Decimal
  driverData: string
  config: { precision: number; scale: number }
  configRequired: true
}>({
  dataType: ({ precision, scale }) => `numeric(${precision}, ${scale})`,
  // The places that a cost does not use say nothing, and would make the arithmetic on it slower.
  fromDriver: (text) => decimal(text.includes('.') ? text.replace(/\.?0+$/, '') : text),
  toDriver: formatDecimal,
})

/** When something about a rule is so, to the microsecond. */
export const ruleTime = customType<{ data: RuleTime; driverData: string }>({
  dataType: () => 'timestamp (6) with time zone',
  fromDriver: (text) => {
    const time = parseRuleTime(text)
    if (time === undefined) throw new Error(`the database gave ${text} for a time`)
    return time
  },
  toDriver: (time) => `${formatRuleTime(time)}Z`,
})

/** Keystone gives up to 64 characters to the users of an LDAP domain: more than CloudKitty's own columns hold. */
const userId = (name: string) => varchar(name, { length: 255 })

/** Who made a rule, from when to when it is valid, who changed it last, and who deleted it when. */
export function auditColumns() {
  return {
    createdAt: ruleTime('created_at').notNull(),
    start: ruleTime('start').notNull(),
    end: ruleTime('end'),
    description: varchar('description', { length: 256 }),
    /** Null while the rule counts. Nothing is erased, so that old prices can be explained. */
    deleted: ruleTime('deleted'),
    createdBy: userId('created_by').notNull(),
    updatedBy: userId('updated_by'),
    deletedBy: userId('deleted_by'),
  }
}

/** For what has no dates of its own. */
export function deletionColumns() {
  const { createdAt, createdBy, deleted, deletedBy } = auditColumns()
  return { createdAt, createdBy, deleted, deletedBy }
}
