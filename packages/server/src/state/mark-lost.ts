import { asc, eq, isNotNull, sql } from 'drizzle-orm'
import { type Instant, type Period, toDate, toInstant } from '../domain/period.ts'
import type { BatchId } from '../domain/snapshot.ts'
import { abandonRows } from './batch-rows.ts'
import type { StateDatabase } from './database.ts'
import { insertRows } from './insert-rows.ts'
import { lostPeriods } from './lost-periods.ts'
import { isOneOf } from './one-of.ts'
import { type LedgerEntry, readLedger } from './points-ledger.ts'
import {
  audit,
  idempotencyKeys,
  imports,
  NO_FAILURE,
  pointsLedger,
  reprocesses,
  scopes,
  sweptTombstones,
  tombstones,
} from './schema.ts'

/** What is to be rated again because its points are gone. */
export interface Marked {
  /** Of each scope, what will be collected again. */
  readonly periods: readonly { readonly scopeId: string; readonly period: Period; readonly active: boolean }[]
  /** What nobody can collect again: it is to be sent again. */
  readonly toSend: readonly ToSend[]
}

/** An import or a push that is gone. */
export interface ToSend {
  readonly batch: BatchId
  /** The file that was imported; undefined for a push. */
  readonly file: string | undefined
  /** As the ledger or the audit tells it: points or samples. */
  readonly rows: string
  readonly at: Date | undefined
  readonly who: string | undefined
}

/** Marks what the lost batches have rated as not rated, exactly that, and forgets that what they brought was taken. */
export async function markLost(
  tx: StateDatabase,
  lost: ReadonlySet<BatchId>,
  { periodSeconds }: { readonly periodSeconds: number },
): Promise<Marked> {
  const entries = await readLedger(tx)
  const rows = await lockScopes(tx)
  const found = lostPeriods(
    entries,
    ({ batch }) => lost.has(batch),
    new Map(rows.map((row) => [row.id, toInstant(row.nextBegin)])),
  )
  const periods: Marked['periods'][number][] = []
  for (const row of rows) {
    const { from, again } = found.get(row.id) ?? { from: undefined, again: [] }
    const of = { scopeId: row.identifier, active: row.active }
    periods.push(...again.map((period) => ({ ...of, period })))
    await insertRows(
      tx,
      reprocesses,
      again.map(({ begin, end }) => ({
        identifier: row.identifier,
        begin: toDate(begin),
        end: toDate(end),
        reason: 'its points were lost: reconcile --points-lost',
      })),
    )
    if (from === undefined) continue
    periods.push({ ...of, period: { begin: from, end: toInstant(row.nextBegin) } })
    await goBack(tx, row, from, periodSeconds)
  }
  // The copy of the store that is there may be from before they were deleted from it.
  await tx.execute(sql`INSERT INTO ${tombstones} (scope_id, "begin", "end", up_to)
    SELECT scope_id, "begin", "end", up_to FROM ${sweptTombstones} ORDER BY id`)
  await tx.delete(sweptTombstones)
  const toSend = await forgetTaken(
    tx,
    entries.filter(({ batch }) => lost.has(batch)),
    lost,
  )
  await tx.delete(pointsLedger).where(isOneOf(pointsLedger.batch, [...lost]))
  return { periods, toSend }
}

/** Marks everything that was ever rated as not rated, as far back as points are kept. */
export async function markEverythingLost(
  tx: StateDatabase,
  { periodSeconds, keptFrom = -Infinity }: { readonly periodSeconds: number; readonly keptFrom: Instant | undefined },
): Promise<Marked> {
  const periods: Marked['periods'][number][] = []
  for (const row of await lockScopes(tx)) {
    if (!row.ratedFrom) continue
    const next = toInstant(row.nextBegin)
    const kept = next - Math.floor((next - keptFrom) / periodSeconds) * periodSeconds
    const from = Math.max(toInstant(row.ratedFrom), kept)
    if (from >= next) continue
    periods.push({ scopeId: row.identifier, active: row.active, period: { begin: from, end: next } })
    await goBack(tx, row, from, periodSeconds)
  }
  const toSend = await forgetTaken(tx, await readLedger(tx), 'all')
  await tx.delete(pointsLedger)
  await tx.delete(sweptTombstones)
  return { periods, toSend }
}

type ScopeRow = typeof scopes.$inferSelect

/** Those that were rated. Batches that are being written for them are fenced off. */
async function lockScopes(tx: StateDatabase): Promise<ScopeRow[]> {
  const rows = await tx.select().from(scopes).where(isNotNull(scopes.ratedFrom)).orderBy(asc(scopes.id)).for('update')
  const leases = [...new Set(rows.flatMap((row) => (row.leaseBatch === null ? [] : [row.leaseBatch])))]
  if (leases.length > 0) await abandonRows(tx, leases)
  return rows
}

async function goBack(tx: StateDatabase, row: ScopeRow, from: Instant, periodSeconds: number): Promise<void> {
  const isFirst = row.ratedFrom !== null && from <= toInstant(row.ratedFrom)
  await tx
    .update(scopes)
    .set({ nextBegin: toDate(from), lastProcessed: isFirst ? null : toDate(from - periodSeconds), ...NO_FAILURE })
    .where(eq(scopes.id, row.id))
}

/** Imports and pushes that are gone, which may come again from now on. */
async function forgetTaken(
  tx: StateDatabase,
  entries: readonly LedgerEntry[],
  batches: ReadonlySet<BatchId> | 'all',
): Promise<ToSend[]> {
  const gone = (row: { readonly batch: BatchId }) => batches === 'all' || batches.has(row.batch)
  const files = (await tx.select().from(imports).orderBy(asc(imports.batch))).filter(gone)
  const pushes = new Map<BatchId, ToSend>()
  for (const { batch, kind, points, samples } of entries) {
    if (kind !== 'pushed') continue
    const rows = [points > 0 && `${points} points`, samples > 0 && `${samples} samples`].filter(Boolean).join(', ')
    pushes.set(batch, { batch, file: undefined, rows, at: undefined, who: undefined })
  }
  const records = await tx.select().from(audit).where(eq(audit.action, 'push')).orderBy(asc(audit.id))
  for (const { target, at, userId: who, after } of records) {
    const batch = Number(/^batch (\d+)$/.exec(target)?.[1])
    if (!gone({ batch })) continue
    const rows = Object.entries(after ?? {}).map(([of, count]) => `${String(count)} ${of}`)
    pushes.set(batch, { batch, file: undefined, rows: rows.join(', '), at, who })
  }
  if (batches === 'all') {
    await tx.delete(imports)
    await tx.delete(idempotencyKeys)
  } else {
    await tx.delete(imports).where(isOneOf(imports.batch, [...batches]))
    await tx.delete(idempotencyKeys).where(isOneOf(idempotencyKeys.batch, [...batches]))
  }
  return [
    ...files.map(({ batch, name: file, rows, importedAt: at }): ToSend => {
      return { batch, file, rows: `${rows} samples`, at, who: undefined }
    }),
    ...[...pushes.values()].toSorted((a, b) => a.batch - b.batch),
  ]
}
