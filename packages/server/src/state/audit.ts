import { isDeepStrictEqual } from 'node:util'
import { and, type Column, desc, gte, lt, sql } from 'drizzle-orm'
import { Decimal, formatDecimal } from '../domain/decimal.ts'
import { formatInstant, type Instant, toDate } from '../domain/period.ts'
import type { Principal } from '../domain/principal.ts'
import type { StateDatabase } from './database.ts'
import { insertRows } from './insert-rows.ts'
import { isOneOf } from './one-of.ts'
import { audit, type AuditAction } from './schema.ts'

/** Who makes a change. */
export interface Author {
  /** The id of the user; `unknown` when nobody said. */
  readonly who: string
  /** Of the user's token. */
  readonly projectId?: string | undefined
  /** The HTTP request that asked for it; undefined when it was none. */
  readonly requestId?: string | undefined
  /** Told of every record of a change once its transaction is done. */
  readonly onRecorded?: ((record: ChangeRecord) => void) | undefined
}

/** What was changed. */
export interface ChangeEntry {
  readonly action: AuditAction
  /** What kind of thing: `hashmap_mapping`, `scope`. */
  readonly kind: string
  /** Its id or name. */
  readonly target: string
  /** As it was and as it is. Values are texts, numbers, booleans, decimals and dates; long texts are cut. */
  readonly before?: Values | undefined
  readonly after?: Values | undefined
}

export type Values = Readonly<Record<string, unknown>>

/** An audit record as it was written. */
export interface ChangeRecord extends Omit<ChangeEntry, 'before' | 'after'> {
  readonly who: string
  readonly projectId: string | null
  readonly requestId: string | null
  readonly before: Values | null
  readonly after: Values | null
}

/** What must be handed in to whoever makes authors of requests. */
export interface AuthorDeps {
  readonly onRecorded?: ((record: ChangeRecord) => void) | undefined
}

/** Whoever sent a request. */
export function authorOf(
  { who, request }: { readonly who: Principal; readonly request: { readonly id: string } },
  { onRecorded }: AuthorDeps,
): Author {
  return { who: who.userId ?? 'unknown', projectId: who.projectId, requestId: request.id, onRecorded }
}

/** The records of one change: written in its transaction, told after it. */
export class AuditTrail {
  readonly #author: Author
  readonly #records: ChangeRecord[] = []

  constructor(author: Author) {
    this.#author = author
  }

  /** To be called inside the transaction of the change. An update that leaves everything as it was is not recorded. */
  async record(tx: StateDatabase, what: ChangeEntry | readonly ChangeEntry[]): Promise<void> {
    const entries: readonly ChangeEntry[] = 'action' in what ? [what] : what
    const records = entries.map((entry) => toRecord(entry, this.#author)).filter(changesSomething)
    await insertRows(
      tx,
      audit,
      records.map(({ who, ...record }) => ({ userId: who, ...record })),
    )
    for (const record of records) this.#records.push(record)
  }

  /** To be called once the transaction is done. */
  tell(): void {
    for (const record of this.#records) this.#author.onRecorded?.(record)
  }
}

/** Notes what a change did. */
export type Recorder = (what: ChangeEntry | readonly ChangeEntry[]) => Promise<void>

/** Does a change and the records of it in one transaction. */
export async function audited<T>(
  db: StateDatabase,
  author: Author,
  change: (tx: StateDatabase, record: Recorder) => Promise<T>,
): Promise<T> {
  const trail = new AuditTrail(author)
  const result = await db.transaction((tx) => change(tx, (what) => trail.record(tx, what)))
  trail.tell()
  return result
}

/** A record with its number and time, as an operator reads it. */
export interface StoredRecord extends ChangeRecord {
  readonly id: number
  readonly at: Date
}

/** Each list narrows when it is not empty. */
export interface ChangeFilter {
  /** Records from then on. */
  readonly since?: Instant | undefined
  /** Records before then. */
  readonly until?: Instant | undefined
  readonly users?: readonly string[]
  readonly projectIds?: readonly string[]
  readonly requestIds?: readonly string[]
  readonly actions?: readonly string[]
  readonly kinds?: readonly string[]
  readonly targets?: readonly string[]
}

/** Records, the newest first. */
export async function listAudit(
  db: StateDatabase,
  { offset = 0, limit, ...filter }: ChangeFilter & { readonly offset?: number; readonly limit: number },
): Promise<StoredRecord[]> {
  const rows = await db.select().from(audit).where(matches(filter)).orderBy(desc(audit.id)).offset(offset).limit(limit)
  return rows.map(({ userId, ...row }) => ({ who: userId, ...row }))
}

/** How many records there are. */
export async function countAudit(db: StateDatabase, filter: ChangeFilter): Promise<number> {
  return await db.$count(audit, matches(filter))
}

function matches({ since, until, ...lists }: ChangeFilter) {
  const among = (column: Column, values: readonly string[] = []) =>
    values.length > 0 ? isOneOf(column, values) : undefined
  return and(
    since === undefined ? undefined : gte(audit.at, toDate(since)),
    until === undefined ? undefined : lt(audit.at, toDate(until)),
    among(audit.userId, lists.users),
    among(audit.projectId, lists.projectIds),
    among(audit.requestId, lists.requestIds),
    among(audit.action, lists.actions),
    among(audit.kind, lists.kinds),
    among(audit.target, lists.targets),
  )
}

/** Forgets what is older than so many days; how many records. */
export async function purgeAudit(db: StateDatabase, days: number): Promise<number> {
  const gone = await db
    .delete(audit)
    .where(lt(audit.at, sql`now() - make_interval(days => ${days})`))
    .returning({ id: audit.id })
  return gone.length
}

/** A script may be long; the record is to show what was changed, not to be the archive of it. */
const TEXT_MAX = 1000

function toRecord({ action, kind, target, before, after }: ChangeEntry, author: Author): ChangeRecord {
  return {
    who: toText(author.who),
    projectId: author.projectId === undefined ? null : toText(author.projectId),
    requestId: author.requestId ?? null,
    action,
    kind,
    target: toText(target),
    before: before ? toValues(before) : null,
    after: after ? toValues(after) : null,
  }
}

function changesSomething({ action, before, after }: ChangeRecord): boolean {
  return action !== 'update' || !isDeepStrictEqual(before, after)
}

/** What is null or undefined is left out. */
function toValues(values: Values): Values {
  return Object.fromEntries(
    Object.entries(values)
      .filter(([, value]) => value !== undefined && value !== null)
      .map(([name, value]) => [name, toValue(value)]),
  )
}

function toValue(value: unknown): string | number | boolean {
  if (typeof value === 'string') return toText(value)
  if (typeof value === 'number' || typeof value === 'boolean') return value
  if (value instanceof Decimal) return formatDecimal(value)
  if (value instanceof Date) return value.toISOString()
  throw new Error(`an audit record cannot hold a ${typeof value}`)
}

/** Without what a JSON column refuses, and not too long. */
function toText(text: string): string {
  const cut = text.length > TEXT_MAX ? `${text.slice(0, TEXT_MAX)}… (${text.length} characters)` : text
  return cut.replace(/\p{Surrogate}|\0/gu, '\ufffd')
}

/** An instant as records hold it. */
export function auditTime(instant: Instant | undefined): string | undefined {
  return instant === undefined ? undefined : formatInstant(instant)
}
