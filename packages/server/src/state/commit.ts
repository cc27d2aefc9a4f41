import { and, eq, sql } from 'drizzle-orm'
import { toDate } from '../domain/period.ts'
import type { BatchId, Tombstone } from '../domain/snapshot.ts'
import { Fault } from '../lib/fault.ts'
import type { Claim } from './claim.ts'
import type { StateDatabase } from './database.ts'
import { type LedgerRows, noteInLedger, type Rated } from './points-ledger.ts'
import { hiddenBatches, NO_FAILURE, scopes } from './schema.ts'
import { insertTombstones } from './tombstones.ts'

/** What a commit makes true besides the visibility of the batch's points. */
export interface CommitEffects {
  /** The claim whose scopes move on by its periods. */
  readonly claim?: Claim
  /** The scope that `lease` gave, which is free again and stays where it is. */
  readonly leased?: number
  /** What it has left in the points store, as it was handed over. */
  readonly rows?: Partial<LedgerRows>
  /** What the batch replaces; `upTo` is the batch before this one. */
  readonly replaces?: readonly Omit<Tombstone, 'upTo'>[]
  /** Further changes of state that belong to the same instant. */
  readonly also?: (tx: StateDatabase) => Promise<void>
}

/** Makes a batch count, in the transaction around it. Throws `state.fenced` when the batch was taken away. */
export async function commitBatch(
  tx: StateDatabase,
  batch: BatchId,
  { claim, leased, rows = {}, replaces = [], also }: CommitEffects,
): Promise<void> {
  if (claim) await moveOn(tx, batch, claim)
  if (leased !== undefined) await free(tx, batch, leased)
  const shown = await tx
    .delete(hiddenBatches)
    .where(and(eq(hiddenBatches.id, batch), eq(hiddenBatches.state, 'pending')))
    .returning({ kind: hiddenBatches.kind })
  if (shown.length !== 1) throw fenced(batch)
  await noteInLedger(tx, { batch, kind: shown[0]!.kind, ...rows, rated: ratedBy(claim, leased, replaces[0]) })
  if (replaces.length > 0) await insertTombstones(tx, replaces, batch - 1)
  await also?.(tx)
}

/** The scopes and periods that a batch rates, for the first time or again. */
function ratedBy(
  claim: Claim | undefined,
  leased: number | undefined,
  replaced: Omit<Tombstone, 'upTo'> | undefined,
): Rated | undefined {
  if (claim) {
    const { begin, periods, periodSeconds } = claim
    return { scopes: claim.scopes.map(({ id }) => id), begin, end: begin + periods * periodSeconds }
  }
  if (leased === undefined || replaced?.end === undefined) return undefined
  return { scopes: [leased], begin: replaced.begin, end: replaced.end }
}

async function moveOn(
  tx: StateDatabase,
  batch: BatchId,
  { begin, periods, periodSeconds, scopes: claimed }: Claim,
): Promise<void> {
  const end = begin + periods * periodSeconds
  const moved = await tx
    .update(scopes)
    .set({
      nextBegin: toDate(end),
      lastProcessed: toDate(end - periodSeconds),
      ratedFrom: sql`least(${scopes.ratedFrom}, ${scopes.nextBegin})`,
      leaseBatch: null,
      leaseUntil: null,
      ...NO_FAILURE,
    })
    .where(and(eq(scopes.leaseBatch, batch), eq(scopes.nextBegin, toDate(begin))))
    .returning({ id: scopes.id })
  if (moved.length !== claimed.length) throw fenced(batch)
}

async function free(tx: StateDatabase, batch: BatchId, scope: number): Promise<void> {
  const freed = await tx
    .update(scopes)
    .set({ leaseBatch: null, leaseUntil: null })
    .where(and(eq(scopes.id, scope), eq(scopes.leaseBatch, batch)))
    .returning({ id: scopes.id })
  if (freed.length !== 1) throw fenced(batch)
}

function fenced(batch: BatchId): Fault {
  return new Fault('state.fenced', `batch ${batch} was taken over by another process or a reset; it is discarded`, {
    batch,
  })
}
