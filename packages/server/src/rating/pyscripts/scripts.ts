import { createHash } from 'node:crypto'
import { and, asc, eq, isNull, or, sql } from 'drizzle-orm'
import { Fault } from '../../lib/fault.ts'
import { audited, type Author, type Recorder } from '../../state/audit.ts'
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
  type WantedLife,
} from '../rule-life.ts'
import type { RuleTime } from '../rule-time.ts'
import { toAuditValues } from '../to-audit-values.ts'
import { scripts } from './tables.ts'

export type ScriptRow = typeof scripts.$inferSelect

export interface NewScript extends NewLife {
  readonly name: string
  /** The source. It is neither compiled nor checked. */
  readonly data: string
}

/** In order of creation. */
export function listScripts(
  db: StateDatabase,
  filter: AuditFilter,
  now: RuleTime,
  limit: number,
): Promise<ScriptRow[]> {
  return db
    .select()
    .from(scripts)
    .where(and(isNull(scripts.versionOf), auditFilter(scripts, filter, now)))
    .orderBy(asc(scripts.position))
    .limit(limit)
}

/** Not one that was deleted. */
export async function getScript(db: StateDatabase, scriptId: string): Promise<ScriptRow> {
  const [row] = await db
    .select()
    .from(scripts)
    .where(and(isId(scripts.id, scriptId), isNull(scripts.deleted), isNull(scripts.versionOf)))
  if (!row) throw new Fault('request.not_found', `No such script: None (UUID: ${scriptId})`)
  return row
}

/** `force` allows a start in the past. */
export function createScript(
  db: StateDatabase,
  given: NewScript,
  { force }: { force: boolean },
  change: Change,
): Promise<ScriptRow> {
  const { name, data, description = null } = given
  const validity = newValidity(given, change.now, { force })
  return changeScripts(db, change, async (tx, record) => {
    await refuseSameName(tx, name)
    const audit = { createdAt: change.now, createdBy: change.who }
    const [row] = await tx
      .insert(scripts)
      .values({ name, data, checksum: checksumOf(data), description, ...validity, ...audit })
      .returning()
    await record({ action: 'create', kind: 'script', target: row!.id, after: toAuditValues(row!) })
    return row!
  })
}

async function refuseSameName(tx: StateDatabase, name: string): Promise<void> {
  const [known] = await tx
    .select({ id: scripts.id })
    .from(scripts)
    .where(and(eq(scripts.name, name), isNull(scripts.deleted), isNull(scripts.versionOf)))
  if (known) throw new Fault('request.conflict', `Script ${name} already exists (UUID: ${known.id})`)
}

/** A script as a client wants it to be. What it leaves out is undefined. */
export interface WantedScript extends WantedLife {
  readonly name: string
  readonly data?: string | undefined
}

/**
 * Before its start a script's data, dates and description may change; afterwards it may get an end, once. With
 * `new_version` it may change at any time, from then on.
 */
export function updateScript(
  db: StateDatabase,
  scriptId: string,
  wanted: WantedScript,
  change: Change,
  editRunning: EditRunning,
): Promise<ScriptRow> {
  return changeScripts(db, change, async (tx, record) => {
    const stored = await getScript(tx, scriptId)
    const versioned = editRunning === 'new_version' && hasStarted(stored, change.now)
    const update = versioned ? await planVersion(tx, stored, wanted, change) : planUpdate(stored, wanted, change)
    if (update === undefined) return stored
    const [row] = await tx
      .update(scripts)
      .set({ ...update, updatedBy: change.who })
      .where(eq(scripts.id, stored.id))
      .returning()
    const values = { before: toAuditValues(stored), after: toAuditValues(row!) }
    await record({ action: 'update', kind: 'script', target: stored.id, ...values })
    return row!
  })
}

/** What an update writes, beside who did it; undefined for nothing. */
function planUpdate(stored: ScriptRow, wanted: WantedScript, { now }: Change): Partial<ScriptRow> | undefined {
  if (hasStarted(stored, now)) {
    const others = differences(otherValues(wanted), otherValues(stored))
    return newEnd(stored, { end: wanted.end, others }, now)
  }
  const validity = newValidity({ start: wanted.start ?? stored.start, end: wanted.end }, now, { force: false })
  if (wanted.name !== '' && wanted.name !== stored.name) {
    throw new Fault('request.invalid', 'The attribute name of a script cannot be changed.')
  }
  const data = wanted.data ?? stored.data
  return { data, checksum: checksumOf(data), ...validity, description: wanted.description ?? null }
}

/**
 * What an update writes of a running script that may change; undefined for nothing. Where its source changes, the script as
 * it was is kept, up to now, for what it priced.
 */
async function planVersion(
  tx: StateDatabase,
  stored: ScriptRow,
  wanted: WantedScript,
  { now }: Change,
): Promise<Partial<ScriptRow> | undefined> {
  const former = await tx.select({ start: scripts.start }).from(scripts).where(eq(scripts.versionOf, stored.id))
  const starts = former.map(({ start }) => start)
  const end = endOfRunning(stored, wanted, starts)
  const data = wanted.data ?? stored.data
  const name = wanted.name || stored.name
  const description = (wanted.description === undefined ? stored.description : wanted.description) || null
  const isNewSource = data !== stored.data
  const isRenamed = name !== stored.name
  const isSame = !isNewSource && !isRenamed && description === (stored.description || null) && end === stored.end
  if (isSame) return undefined
  requireStillRunning(stored, end, now)
  if (isRenamed) await refuseSameName(tx, name)
  // What came into force this very moment has priced nothing yet.
  if (isNewSource && stored.start < now) {
    const { id, position: _, ...values } = stored
    await tx.insert(scripts).values({ ...values, end: now, versionOf: id })
  }
  const start = isNewSource ? now : stored.start
  return { name, data, checksum: checksumOf(data), description, start, end }
}

/** All that may not change once it has started. */
function otherValues(script: WantedScript | ScriptRow): Record<string, PublicValue> {
  return { name: script.name, data: script.data, ...lifeValues(script) }
}

/** Its former versions go with it. */
export function deleteScript(db: StateDatabase, scriptId: string, change: Change): Promise<void> {
  return changeScripts(db, change, async (tx, record) => {
    const stored = await getScript(tx, scriptId)
    await tx
      .update(scripts)
      .set({ deleted: change.now, deletedBy: change.who })
      .where(or(eq(scripts.id, stored.id), and(eq(scripts.versionOf, stored.id), isNull(scripts.deleted))))
    await record({ action: 'delete', kind: 'script', target: stored.id, before: toAuditValues(stored) })
  })
}

/** Changes wait for each other, so that what one of them checks is still so when it writes. Readers go on. */
function changeScripts<T>(
  db: StateDatabase,
  author: Author,
  change: (tx: StateDatabase, record: Recorder) => Promise<T>,
): Promise<T> {
  return audited(db, author, async (tx, record) => {
    await tx.execute(sql`lock table ${scripts} in share row exclusive mode`)
    return change(tx, record)
  })
}

function checksumOf(data: string): string {
  return createHash('sha512').update(data, 'utf8').digest('hex')
}
