import { asc, desc, gt, lt, or, sql } from 'drizzle-orm'
import { type Instant, toDate, toInstant } from '../domain/period.ts'
import type { BatchId } from '../domain/snapshot.ts'
import type { BatchKind } from './batch-rows.ts'
import type { StateDatabase } from './database.ts'
import { pointsHome, pointsLedger, sweptTombstones } from './schema.ts'

/** Rows that a batch has left in the points store. */
export interface LedgerRows {
  readonly points: number
  readonly samples: number
}

/** Scopes, by their row ids, and periods that a batch has rated. */
export interface Rated {
  readonly scopes: readonly number[]
  readonly begin: Instant
  readonly end: Instant
}

/** A batch that counts, and what it has left in the points store. */
export interface LedgerEntry extends LedgerRows {
  readonly batch: BatchId
  readonly kind: BatchKind
  /** Undefined for what came from outside. */
  readonly rated: Rated | undefined
}

/** So long batches are remembered one by one, */
const REMEMBERED = '3 days'
/** so many at most, */
const MOST = 20_000
/** and so many in any case, so that the store can be asked for the newest however old they are. */
const LEAST = 1000

/** To be called inside the commit of the batch. */
export async function noteInLedger(
  tx: StateDatabase,
  { batch, kind, points = 0, samples = 0, rated }: Omit<LedgerEntry, keyof LedgerRows> & Partial<LedgerRows>,
): Promise<void> {
  const where = rated && { scopes: [...rated.scopes], begin: toDate(rated.begin), end: toDate(rated.end) }
  await tx.insert(pointsLedger).values({ batch, kind, points, samples, ...where })
}

/** The newest batches that have left something, newest first. */
export async function newestInLedger(
  db: StateDatabase,
  limit: number,
): Promise<(LedgerRows & { readonly batch: BatchId })[]> {
  const { batch, points, samples } = pointsLedger
  return db
    .select({ batch, points, samples })
    .from(pointsLedger)
    .where(or(gt(points, 0), gt(samples, 0)))
    .orderBy(desc(pointsLedger.number))
    .limit(limit)
}

/** Every batch that is remembered, in the order of the commits. */
export async function readLedger(tx: StateDatabase): Promise<LedgerEntry[]> {
  const rows = await tx.select().from(pointsLedger).orderBy(asc(pointsLedger.number))
  return rows.map(({ batch, kind, points, samples, scopes, begin, end }) => ({
    batch,
    kind,
    points,
    samples,
    rated: scopes && begin && end ? { scopes, begin: toInstant(begin), end: toInstant(end) } : undefined,
  }))
}

/** Forgets what is older than is remembered. */
export async function trimLedger(tx: StateDatabase): Promise<void> {
  const old = sql`now() - ${REMEMBERED}::interval`
  const newest = sql`(SELECT max(${pointsLedger.number}) FROM ${pointsLedger})`
  const gone = await tx
    .delete(pointsLedger)
    .where(
      or(
        lt(pointsLedger.number, sql`${newest} - ${MOST}::int`),
        sql`${pointsLedger.at} < ${old} AND ${pointsLedger.number} < ${newest} - ${LEAST}::int`,
      ),
    )
    .returning({ number: pointsLedger.number })
  if (gone.length > 0) await tx.update(pointsHome).set({ complete: false })
  await tx.delete(sweptTombstones).where(lt(sweptTombstones.sweptAt, old))
}
