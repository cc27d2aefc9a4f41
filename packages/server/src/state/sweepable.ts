import { and, eq, lt, not, or, sql } from 'drizzle-orm'
import type { BatchId, Tombstone } from '../domain/snapshot.ts'
import { abandonRows } from './batch-rows.ts'
import { isHeld } from './maintenance.ts'
import type { StateDatabase } from './database.ts'
import { isOneOf } from './one-of.ts'
import { trimLedger } from './points-ledger.ts'
import { forgetDead } from './processors.ts'
import { isHeldTombstone } from './reset-conditions.ts'
import { hiddenBatches, sweptTombstones, tombstones } from './schema.ts'
import { toTombstone } from './tombstones.ts'

/** What may be deleted from the points store. */
export interface Sweepable {
  readonly batches: readonly { readonly id: BatchId; readonly forget: boolean }[]
  readonly tombstones: readonly (Tombstone & { readonly id: number })[]
}

/** Until when a writer that was paused could come back: so long an abandoned batch stays hidden. */
const REMEMBER_ABANDONED = '7 days'
/** No query runs longer than this: then nobody can still need what is void. */
const LONGEST_QUERY = '120 seconds'

/** What may be deleted now; batches whose owner let the lease expire are abandoned first. */
export async function findSweepable(tx: StateDatabase): Promise<Sweepable> {
  await forgetDead(tx)
  await trimLedger(tx)
  await abandonDead(tx)
  const old = sql`now() - ${REMEMBER_ABANDONED}::interval`
  const batches = await tx
    .select({ id: hiddenBatches.id, forget: sql<boolean>`${hiddenBatches.abandonedAt} < ${old}` })
    .from(hiddenBatches)
    .where(
      or(
        eq(hiddenBatches.state, 'abandoned'),
        and(eq(hiddenBatches.state, 'swept'), lt(hiddenBatches.abandonedAt, old)),
      ),
    )
  // A tombstone stays while a batch that it covers may still be committed, or a running query may still look.
  const rows = await tx
    .select()
    .from(tombstones)
    .where(
      and(
        lt(tombstones.createdAt, sql`now() - ${LONGEST_QUERY}::interval`),
        not(isHeldTombstone()),
        sql`NOT EXISTS (SELECT 1 FROM ${hiddenBatches} WHERE ${hiddenBatches.state} = 'pending' AND ${hiddenBatches.id} <= ${tombstones.upTo})`,
      ),
    )
  // Asked last: of state that is copied from now on, nothing shows what is in these lists.
  if (await isHeld(tx, 'sweep')) return { batches: [], tombstones: [] }
  return { batches, tombstones: rows.map((row) => ({ id: row.id, ...toTombstone(row) })) }
}

async function abandonDead(tx: StateDatabase): Promise<void> {
  const dead = await tx
    .select({ id: hiddenBatches.id })
    .from(hiddenBatches)
    .where(and(eq(hiddenBatches.state, 'pending'), lt(hiddenBatches.leaseUntil, sql`now() - interval '1 minute'`)))
  if (dead.length === 0) return
  await abandonRows(
    tx,
    dead.map((row) => row.id),
  )
}

/** Notes that what `findSweepable` gave is deleted. */
export async function noteSwept(tx: StateDatabase, { batches, tombstones: gone }: Sweepable): Promise<void> {
  const forget = batches.filter((batch) => batch.forget).map((batch) => batch.id)
  const keep = batches.filter((batch) => !batch.forget).map((batch) => batch.id)
  if (forget.length > 0) await tx.delete(hiddenBatches).where(isOneOf(hiddenBatches.id, forget))
  if (keep.length > 0) await tx.update(hiddenBatches).set({ state: 'swept' }).where(isOneOf(hiddenBatches.id, keep))
  if (gone.length === 0) return
  const ids = gone.map((entry) => entry.id)
  await tx.execute(sql`WITH deleted AS (DELETE FROM ${tombstones} WHERE ${isOneOf(tombstones.id, ids)} RETURNING *)
    INSERT INTO ${sweptTombstones} (id, scope_id, "begin", "end", up_to)
    SELECT id, scope_id, "begin", "end", up_to FROM deleted ON CONFLICT DO NOTHING`)
}
