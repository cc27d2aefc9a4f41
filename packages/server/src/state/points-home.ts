import { and, eq, isNotNull, isNull, sql } from 'drizzle-orm'
import { type Instant, toDate, toInstant } from '../domain/period.ts'
import type { StateDatabase } from './database.ts'
import { batchCounter, pointsHome, scopes } from './schema.ts'

/** The points store that state belongs to. */
export interface PointsHome {
  readonly identity: string
  /** Whether the ledger has every batch that this store was given. */
  readonly complete: boolean
}

/** Undefined until state has met a points store: it is new, or of a version that did not ask. */
export async function readPointsHome(db: StateDatabase): Promise<PointsHome | undefined> {
  const [row] = await db.select({ identity: pointsHome.identity, complete: pointsHome.complete }).from(pointsHome)
  return row
}

/** Whether state has never given a number to a batch, so that no points store can lack anything. */
export async function isWithoutBatches(db: StateDatabase): Promise<boolean> {
  const [counter] = await db.select({ value: batchCounter.value }).from(batchCounter)
  return counter!.value === 0
}

/** Says which store state belongs to, unless another process has just said it; what then holds. */
export async function adoptPoints(db: StateDatabase, home: PointsHome): Promise<PointsHome> {
  await db
    .insert(pointsHome)
    .values({ ...home })
    .onConflictDoNothing()
  return (await readPointsHome(db))!
}

/** From now on state belongs to another store, which has nothing yet that the ledger does not know. */
export async function moveHome(tx: StateDatabase, home: PointsHome): Promise<void> {
  await tx
    .insert(pointsHome)
    .values({ ...home })
    .onConflictDoUpdate({ target: pointsHome.id, set: { ...home, adoptedAt: sql`now()` } })
}

/** A scope that was rated before anybody noted from when on. */
export interface UndatedScope {
  readonly id: number
  readonly scopeId: string
  readonly nextBegin: Instant
}

export async function listUndated(db: StateDatabase): Promise<UndatedScope[]> {
  const rows = await db
    .select({ id: scopes.id, scopeId: scopes.identifier, nextBegin: scopes.nextBegin })
    .from(scopes)
    .where(and(isNull(scopes.ratedFrom), isNotNull(scopes.lastProcessed)))
  return rows.map(({ nextBegin, ...row }) => ({ ...row, nextBegin: toInstant(nextBegin) }))
}

export async function noteRatedFrom(db: StateDatabase, scope: number, from: Instant): Promise<void> {
  await db
    .update(scopes)
    .set({ ratedFrom: sql`least(${scopes.ratedFrom}, ${toDate(from).toISOString()}::timestamptz)` })
    .where(eq(scopes.id, scope))
}
