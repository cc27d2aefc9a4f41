import { randomBytes } from 'node:crypto'
import { and, eq, gte, inArray, isNotNull, isNull, lt, not, or, sql } from 'drizzle-orm'
import { Fault } from '../lib/fault.ts'
import { type Instant, toDate, toInstant } from '../domain/period.ts'
import type { BatchId, Snapshot, Void } from '../domain/snapshot.ts'
import { isHeld } from './chores.ts'
import { shareNext } from '../lib/share-next.ts'
import type { StateDatabase } from './database.ts'
import { chooseScopes } from './choose-scopes.ts'
import { type DueRequest, isDue } from './due.ts'
import { isHeldVoid } from './reset-conditions.ts'
import { countAlive, forget, forgetAll, forgetDead, noteAlive } from './processors.ts'
import { batchCounter, hiddenBatches, NO_FAILURE, scopes, voids } from './schema.ts'

export type BatchKind = 'rated' | 'pushed' | 'imported' | 'reprocessed'

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
  readonly scopes: readonly ClaimedScope[]
}

export interface ClaimRequest extends DueRequest {
  readonly maxScopes: number
  readonly maxPeriods: number
}

/** Why a scope could not be rated, and when the next try may be made. */
export interface ScopeFailure {
  /** Row id. */
  readonly scope: number
  readonly error: string
  readonly retryInSeconds: number
}

/** What a commit makes true besides the visibility of the batch's points. */
export interface CommitEffects {
  /** The claim whose scopes move on by its periods. */
  readonly claim?: Claim
  readonly periodSeconds?: number
  /** The scope that `lease` gave, which is free again and stays where it is. */
  readonly leased?: number
  /** What the batch replaces; `upTo` is the batch before this one. */
  readonly replaces?: readonly Omit<Void, 'upTo'>[]
  /** Further changes of state that belong to the same instant. */
  readonly also?: (tx: StateDatabase) => Promise<void>
}

/** Until when a writer that was paused could come back: so long an abandoned batch stays hidden. */
const REMEMBER_ABANDONED = '7 days'
/** Readers wait so long for a snapshot that others have asked for, before they ask by themselves. */
const SNAPSHOT_PATIENCE_MS = 2000
/** No query runs longer than this: then nobody can still need what is void. */
const LONGEST_QUERY = '120 seconds'

/**
 * The commit protocol: what makes a batch of points count. A batch is pending (written, unseen), then committed (its id is
 * no longer hidden) or abandoned (hidden until it is swept). Ids come from one counter whose row lock is held until the
 * batch is known to be pending, so a reader that sees an id sees also whether it counts.
 *
 * Leases go by the database's clock, so that clocks of processors may differ; what is due goes by the caller's.
 */
export class Batches {
  readonly #db: StateDatabase
  readonly #owner: string
  readonly #leaseSeconds: number
  /** This process rates: it counts as a processor, among which scopes are shared. */
  #claims = false

  constructor(db: StateDatabase, { owner, leaseSeconds }: { owner: string; leaseSeconds: number }) {
    this.#db = db
    // Processes in containers may well have the same host name and number.
    this.#owner = `${owner}:${randomBytes(4).toString('hex')}`
    this.#leaseSeconds = leaseSeconds
  }

  /**
   * What a reader may see from now on; take it once per request. It shows at least what was committed before the call;
   * who asks at the same time shares it.
   */
  readonly snapshot: () => Promise<Snapshot> = shareNext(() => this.#snapshot(), SNAPSHOT_PATIENCE_MS)

  /** One statement, so it is of one instant. */
  async #snapshot(): Promise<Snapshot> {
    const [row] = await this.#db
      .select({
        highest: batchCounter.value,
        hidden: sql<number[]>`(SELECT coalesce(json_agg(id ORDER BY id), '[]'::json) FROM ${hiddenBatches})`,
        voids: sql<
          { scopeId: string; begin: number; end: number | null; upTo: number }[]
        >`(SELECT coalesce(json_agg(json_build_object('scopeId', scope_id, 'begin', extract(epoch FROM "begin")::bigint,
            'end', extract(epoch FROM "end")::bigint, 'upTo', up_to) ORDER BY id), '[]'::json) FROM ${voids})`,
      })
      .from(batchCounter)
    if (!row) throw new Error('the batch counter has no row')
    return { ...row, voids: row.voids.map((entry) => ({ ...entry, end: entry.end ?? undefined })) }
  }

  /** A pending batch of a push or an import, which leases no scope. */
  begin(kind: BatchKind): Promise<BatchId> {
    return this.#next(this.#db, kind)
  }

  /** One statement: everybody's batches wait for the counter's row, and hold it no longer than this takes. */
  async #next(db: StateDatabase, kind: BatchKind): Promise<BatchId> {
    const counter = db.$with('counter').as(
      db
        .update(batchCounter)
        .set({ value: sql`${batchCounter.value} + 1` })
        .returning({ value: batchCounter.value }),
    )
    const [batch] = await db
      .with(counter)
      .insert(hiddenBatches)
      .values({ id: sql`(SELECT value FROM ${counter})`, kind, owner: this.#owner, leaseUntil: this.#leaseEnd() })
      .returning({ id: hiddenBatches.id })
    return batch!.id
  }

  #leaseEnd() {
    return sql`now() + make_interval(secs => ${this.#leaseSeconds})`
  }

  /**
   * Leases a fair share of the scopes that are due, those that have waited longest for their turn, all with the same next
   * period, and gives them a pending batch; undefined when nothing is due. Scopes that another process holds are passed
   * over; an expired lease is taken over, and its batch is abandoned, whoever wrote it.
   */
  async claim(request: ClaimRequest): Promise<Claim | undefined> {
    this.#claims = true
    await noteAlive(this.#db, this.#owner)
    await this.#freeExpired()
    for (;;) {
      const claim = await this.#db.transaction((tx) => this.#claim(tx, request))
      if (claim !== 'again') return claim
    }
  }

  async #claim(tx: StateDatabase, request: ClaimRequest): Promise<Claim | 'again' | undefined> {
    const chosen = await chooseScopes(tx, request, await countAlive(tx, this.#leaseSeconds))
    if (chosen === undefined || chosen === 'again') return chosen
    const { rows, begin, periods } = chosen
    const batch = await this.#next(tx, 'rated')
    await tx
      .update(scopes)
      .set({ leaseBatch: batch, leaseUntil: this.#leaseEnd(), claimedAt: sql`now()` })
      .where(
        inArray(
          scopes.id,
          rows.map((row) => row.id),
        ),
      )
    const claimed = rows.map((row) => ({ id: row.id, scopeId: row.identifier, failures: row.failures }))
    return { batch, begin, periods, scopes: claimed }
  }

  /**
   * Takes scopes from whoever let the lease expire, and abandons their batches. Before they are claimed and on its own: of
   * two processors that claim scopes of one dead batch, each would wait for the other's. A commit that is under way
   * keeps the rows that it has locked, and fails on the others.
   */
  async #freeExpired(): Promise<void> {
    const expired = and(isNotNull(scopes.leaseBatch), lt(scopes.leaseUntil, sql`now()`))
    if ((await this.#db.$count(scopes, expired)) === 0) return
    await this.#db.transaction(async (tx) => {
      const rows = await tx
        .select({ id: scopes.id, batch: scopes.leaseBatch })
        .from(scopes)
        .where(expired)
        .for('update', { skipLocked: true })
      if (rows.length === 0) return
      const ids = rows.map((row) => row.id)
      await tx.update(scopes).set({ leaseBatch: null, leaseUntil: null }).where(inArray(scopes.id, ids))
      await hideAbandoned(
        tx,
        rows.map((row) => row.batch!),
      )
    })
  }

  /** Says that this process claims no more, so that the others need not leave it its share any longer. */
  async retire(): Promise<void> {
    if (this.#claims) await forget(this.#db, this.#owner)
    this.#claims = false
  }

  /** How many scopes have something due that another process is rating just now. */
  async held(request: DueRequest): Promise<number> {
    return this.#db.$count(scopes, and(isDue(request), gte(scopes.leaseUntil, sql`now()`)))
  }

  /**
   * Gives up every pending batch and lease, whoever began it. Only for state that this process alone can have open: then
   * all of them are left by processes that are gone.
   */
  async abandonAll(): Promise<void> {
    await this.#db.transaction(async (tx) => {
      await forgetAll(tx)
      const pending = await tx
        .select({ id: hiddenBatches.id })
        .from(hiddenBatches)
        .where(eq(hiddenBatches.state, 'pending'))
      if (pending.length === 0) return
      await abandonRows(
        tx,
        pending.map((row) => row.id),
      )
    })
  }

  /**
   * Leases one scope for a batch that changes its past, without moving it on. `start` notes in the same instant what the
   * batch is for; when it says false there is nothing to do any more, and nothing was leased. Undefined then, and while
   * the scope is being rated or reprocessed by somebody.
   */
  async lease(
    scope: number,
    kind: BatchKind,
    start: (tx: StateDatabase, batch: BatchId) => Promise<boolean>,
  ): Promise<BatchId | undefined> {
    await this.#freeExpired()
    return this.#db.transaction(async (tx) => {
      const [row] = await tx
        .select({ id: scopes.id })
        .from(scopes)
        .where(and(eq(scopes.id, scope), isNull(scopes.leaseBatch)))
        .for('update', { skipLocked: true })
      if (!row) return undefined
      const batch = await this.#next(tx, kind)
      await tx.update(scopes).set({ leaseBatch: batch, leaseUntil: this.#leaseEnd() }).where(eq(scopes.id, scope))
      if (await start(tx, batch)) return batch
      await abandonRows(tx, [batch])
      return undefined
    })
  }

  /** Prolongs a batch's leases. False when the batch is no longer this process's to finish. */
  async renew(batch: BatchId): Promise<boolean> {
    const leaseUntil = this.#leaseEnd()
    if (this.#claims) await noteAlive(this.#db, this.#owner)
    return this.#db.transaction(async (tx) => {
      await tx.update(scopes).set({ leaseUntil }).where(eq(scopes.leaseBatch, batch))
      const renewed = await tx
        .update(hiddenBatches)
        .set({ leaseUntil })
        .where(and(eq(hiddenBatches.id, batch), eq(hiddenBatches.state, 'pending')))
        .returning({ id: hiddenBatches.id })
      return renewed.length === 1
    })
  }

  /**
   * Makes a batch count, with all that goes with it, in one instant. Throws `state.fenced` and changes nothing when the
   * batch was taken away: a lease expired and another process went on, or a reset came in between.
   */
  async commit(
    batch: BatchId,
    { claim, periodSeconds = 0, leased, replaces = [], also }: CommitEffects = {},
  ): Promise<void> {
    await this.#db.transaction(async (tx) => {
      if (claim) {
        const end = claim.begin + claim.periods * periodSeconds
        const moved = await tx
          .update(scopes)
          .set({
            nextBegin: toDate(end),
            lastProcessed: toDate(end - periodSeconds),
            leaseBatch: null,
            leaseUntil: null,
            ...NO_FAILURE,
          })
          .where(and(eq(scopes.leaseBatch, batch), eq(scopes.nextBegin, toDate(claim.begin))))
          .returning({ id: scopes.id })
        if (moved.length !== claim.scopes.length) throw fenced(batch)
      }
      if (leased !== undefined) {
        const freed = await tx
          .update(scopes)
          .set({ leaseBatch: null, leaseUntil: null })
          .where(and(eq(scopes.id, leased), eq(scopes.leaseBatch, batch)))
          .returning({ id: scopes.id })
        if (freed.length !== 1) throw fenced(batch)
      }
      const shown = await tx
        .delete(hiddenBatches)
        .where(and(eq(hiddenBatches.id, batch), eq(hiddenBatches.state, 'pending')))
        .returning({ id: hiddenBatches.id })
      if (shown.length !== 1) throw fenced(batch)
      if (replaces.length > 0) await insertVoids(tx, replaces, batch - 1)
      await also?.(tx)
    })
  }

  /** Gives a batch up: its points will be swept, its scopes are free. Again is harmless. */
  async abandon(batch: BatchId): Promise<void> {
    await this.#db.transaction((tx) => abandonRows(tx, [batch]))
  }

  /**
   * Gives a batch up because scopes in it failed: those wait and show the error, the others are free at once.
   */
  async fail(batch: BatchId, failures: readonly ScopeFailure[]): Promise<void> {
    await this.#db.transaction(async (tx) => {
      for (const { scope, error, retryInSeconds } of failures) {
        await tx
          .update(scopes)
          .set({
            failures: sql`${scopes.failures} + 1`,
            retryAt: sql`now() + make_interval(secs => ${retryInSeconds})`,
            lastError: error,
            lastErrorAt: sql`now()`,
          })
          .where(and(eq(scopes.id, scope), eq(scopes.leaseBatch, batch)))
      }
      await abandonRows(tx, [batch])
    })
  }

  /**
   * What may be deleted from the points store now; nothing while `Chores` holds the sweep. Batches whose owner let the lease
   * expire are abandoned first. Hand the answer back to `swept` when it is deleted.
   */
  async sweepable(): Promise<Sweepable> {
    return this.#db.transaction(async (tx) => {
      await forgetDead(tx)
      const dead = await tx
        .select({ id: hiddenBatches.id })
        .from(hiddenBatches)
        .where(and(eq(hiddenBatches.state, 'pending'), lt(hiddenBatches.leaseUntil, sql`now() - interval '1 minute'`)))
      if (dead.length > 0) {
        await abandonRows(
          tx,
          dead.map((row) => row.id),
        )
      }
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
      // A void stays while a batch that it covers may still be committed, or a running query may still look.
      const rows = await tx
        .select()
        .from(voids)
        .where(
          and(
            lt(voids.createdAt, sql`now() - ${LONGEST_QUERY}::interval`),
            not(isHeldVoid()),
            sql`NOT EXISTS (SELECT 1 FROM ${hiddenBatches} WHERE ${hiddenBatches.state} = 'pending' AND ${hiddenBatches.id} <= ${voids.upTo})`,
          ),
        )
      // Asked last: of state that is copied from now on, nothing shows what is in these lists.
      if (await isHeld(tx, 'sweep')) return { batches: [], voids: [] }
      return {
        batches,
        voids: rows.map((row) => ({ id: row.id, ...toVoid(row) })),
      }
    })
  }

  /** Notes that what `sweepable` gave is deleted. */
  async swept({ batches, voids: gone }: Sweepable): Promise<void> {
    await this.#db.transaction(async (tx) => {
      const forget = batches.filter((batch) => batch.forget).map((batch) => batch.id)
      const keep = batches.filter((batch) => !batch.forget).map((batch) => batch.id)
      if (forget.length > 0) await tx.delete(hiddenBatches).where(inArray(hiddenBatches.id, forget))
      if (keep.length > 0) await tx.update(hiddenBatches).set({ state: 'swept' }).where(inArray(hiddenBatches.id, keep))
      if (gone.length > 0) {
        await tx.delete(voids).where(
          inArray(
            voids.id,
            gone.map((entry) => entry.id),
          ),
        )
      }
    })
  }
}

export interface Sweepable {
  readonly batches: readonly { readonly id: BatchId; readonly forget: boolean }[]
  readonly voids: readonly (Void & { readonly id: number })[]
}

/** Scopes first, then batches: commits and claims lock in this order too. */
export async function abandonRows(tx: StateDatabase, batches: readonly BatchId[]): Promise<void> {
  await tx
    .update(scopes)
    .set({ leaseBatch: null, leaseUntil: null })
    .where(inArray(scopes.leaseBatch, [...batches]))
  await hideAbandoned(tx, batches)
}

async function hideAbandoned(tx: StateDatabase, batches: readonly BatchId[]): Promise<void> {
  await tx
    .update(hiddenBatches)
    .set({ state: 'abandoned', abandonedAt: sql`now()` })
    .where(and(inArray(hiddenBatches.id, [...new Set(batches)]), eq(hiddenBatches.state, 'pending')))
}

/** The numbers of the voids, in the order of the entries. */
export async function insertVoids(
  tx: StateDatabase,
  entries: readonly Omit<Void, 'upTo'>[],
  upTo: BatchId,
): Promise<number[]> {
  const rows = await tx
    .insert(voids)
    .values(
      entries.map(({ scopeId, begin, end }) => ({
        scopeId,
        begin: toDate(begin),
        end: end === undefined ? null : toDate(end),
        upTo,
      })),
    )
    .returning({ id: voids.id })
  return rows.map((row) => row.id)
}

export function toVoid({ scopeId, begin, end, upTo }: typeof voids.$inferSelect): Void {
  return { scopeId, begin: toInstant(begin), end: end ? toInstant(end) : undefined, upTo }
}

function fenced(batch: BatchId): Fault {
  return new Fault('state.fenced', `batch ${batch} was taken over by another process or a reset; it is discarded`, {
    batch,
  })
}
