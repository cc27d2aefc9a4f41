import { and, eq, isNotNull, isNull, lt, sql } from 'drizzle-orm'
import type { Instant } from '../domain/period.ts'
import type { BatchId } from '../domain/snapshot.ts'
import { abandonRows, type BatchKind, type BatchOwner, hideAbandoned, insertBatch, leaseEnd } from './batch-rows.ts'
import { chooseScopes } from './choose-scopes.ts'
import type { StateDatabase } from './database.ts'
import { type DueRequest, isDue } from './due.ts'
import { isOneOf } from './one-of.ts'
import { countAlive } from './processors.ts'
import { hiddenBatches, scopes } from './schema.ts'

/** A scope as a batch has leased it. */
export interface ClaimedScope {
  /** Row id. */
  readonly id: number
  readonly scopeId: string
  readonly failures: number
}

/** A pending batch that rates scopes: all of them have the same next period. */
export interface Claim {
  readonly batch: BatchId
  /** Begin of the first period to rate. */
  readonly begin: Instant
  readonly periods: number
  readonly periodSeconds: number
  readonly scopes: readonly ClaimedScope[]
}

export interface ClaimRequest extends DueRequest {
  readonly maxScopes: number
  readonly maxPeriods: number
}

/** Leases scopes that are due, and gives them a pending batch; undefined when nothing free is due. */
export async function claimScopes(
  db: StateDatabase,
  request: ClaimRequest,
  by: BatchOwner,
): Promise<Claim | undefined> {
  await freeExpired(db)
  for (;;) {
    const claim = await db.transaction((tx) => claimOnce(tx, request, by))
    if (claim !== 'again') return claim
  }
}

async function claimOnce(
  tx: StateDatabase,
  request: ClaimRequest,
  by: BatchOwner,
): Promise<Claim | 'again' | undefined> {
  const chosen = await chooseScopes(tx, request, await countAlive(tx, by.leaseSeconds))
  if (chosen === undefined || chosen === 'again') return chosen
  const { rows, begin, periods } = chosen
  const batch = await insertBatch(tx, 'rated', by)
  const ids = rows.map((row) => row.id)
  await tx
    .update(scopes)
    .set({ leaseBatch: batch, leaseUntil: leaseEnd(by), claimedAt: sql`now()` })
    .where(isOneOf(scopes.id, ids))
  const claimed = rows.map((row) => ({ id: row.id, scopeId: row.identifier, failures: row.failures }))
  return { batch, begin, periods, periodSeconds: request.periodSeconds, scopes: claimed }
}

/**
 * Takes scopes from whoever let the lease expire, and abandons their batches. Before they are claimed and on its own: of
 * two processors that claim scopes of one dead batch, each would wait for the other's. A commit that is under way
 * keeps the rows that it has locked, and fails on the others.
 */
async function freeExpired(db: StateDatabase): Promise<void> {
  const expired = and(isNotNull(scopes.leaseBatch), lt(scopes.leaseUntil, sql`now()`))
  if ((await db.$count(scopes, expired)) === 0) return
  await db.transaction(async (tx) => {
    const rows = await tx
      .select({ id: scopes.id, batch: scopes.leaseBatch })
      .from(scopes)
      .where(expired)
      .for('update', { skipLocked: true })
    if (rows.length === 0) return
    const ids = rows.map((row) => row.id)
    await tx.update(scopes).set({ leaseBatch: null, leaseUntil: null }).where(isOneOf(scopes.id, ids))
    await hideAbandoned(
      tx,
      rows.map((row) => row.batch!),
    )
  })
}

/**
 * Leases one scope for a pending batch that changes its past; `start` notes in the same instant what the batch is for, and
 * says false when there is nothing to do any more. Undefined then, and while somebody else works on the scope.
 */
export async function leaseScope(
  db: StateDatabase,
  { scope, kind, by }: { readonly scope: number; readonly kind: BatchKind; readonly by: BatchOwner },
  start: (tx: StateDatabase, batch: BatchId) => Promise<boolean>,
): Promise<BatchId | undefined> {
  await freeExpired(db)
  return db.transaction(async (tx) => {
    const [row] = await tx
      .select({ id: scopes.id })
      .from(scopes)
      .where(and(eq(scopes.id, scope), isNull(scopes.leaseBatch)))
      .for('update', { skipLocked: true })
    if (!row) return undefined
    const batch = await insertBatch(tx, kind, by)
    await tx
      .update(scopes)
      .set({ leaseBatch: batch, leaseUntil: leaseEnd(by) })
      .where(eq(scopes.id, scope))
    if (await start(tx, batch)) return batch
    await abandonRows(tx, [batch])
    return undefined
  })
}

/** Prolongs a batch's leases. False when the batch is no longer its owner's to finish. */
export async function renewLease(db: StateDatabase, batch: BatchId, by: BatchOwner): Promise<boolean> {
  const leaseUntil = leaseEnd(by)
  return db.transaction(async (tx) => {
    await tx.update(scopes).set({ leaseUntil }).where(eq(scopes.leaseBatch, batch))
    const renewed = await tx
      .update(hiddenBatches)
      .set({ leaseUntil })
      .where(and(eq(hiddenBatches.id, batch), eq(hiddenBatches.state, 'pending')))
      .returning({ id: hiddenBatches.id })
    return renewed.length === 1
  })
}

/** How many scopes have something due, whoever holds them: one question, so that no lease ends between two. */
export function countDue(db: StateDatabase, request: DueRequest): Promise<number> {
  return db.$count(scopes, isDue(request))
}
