import { randomBytes } from 'node:crypto'
import type { BatchId, Snapshot } from '../domain/snapshot.ts'
import { coalesceNext } from '../lib/coalesce-next.ts'
import { abandonEverything, failBatch, type ScopeFailure } from './abandon.ts'
import { abandonRows, type BatchKind, type BatchOwner, insertBatch } from './batch-rows.ts'
import { type Claim, type ClaimRequest, claimScopes, countDue, leaseScope, renewLease } from './claim.ts'
import { commitBatch, type CommitEffects } from './commit.ts'
import type { StateDatabase } from './database.ts'
import type { DueRequest } from './due.ts'
import { forget, noteAlive } from './processors.ts'
import { readSnapshot } from './read-snapshot.ts'
import { findSweepable, noteSwept, type Sweepable } from './sweepable.ts'

/** Readers wait so long for a snapshot that others have asked for, before they ask by themselves. */
const SNAPSHOT_PATIENCE_MS = 2000

/**
 * The commit protocol: what makes a batch of points count. A batch is pending (written, unseen), then committed (its id is
 * no longer hidden) or abandoned (hidden until it is swept). Ids come from one counter whose row lock is held until the
 * batch is known to be pending, so a reader that sees an id sees also whether it counts.
 *
 * Leases go by the database's clock, so that clocks of processors may differ; what is due goes by the caller's.
 */
export class Batches {
  readonly #db: StateDatabase
  readonly #by: BatchOwner
  /** A batch that was not renewed for so long may be taken back. */
  readonly leaseSeconds: number
  /** This process rates: it counts as a processor, among which scopes are shared. */
  #claims = false

  constructor(db: StateDatabase, { owner, leaseSeconds }: BatchOwner) {
    this.#db = db
    // Processes in containers may well have the same host name and number.
    this.#by = { owner: `${owner}:${randomBytes(4).toString('hex')}`, leaseSeconds }
    this.leaseSeconds = leaseSeconds
  }

  /**
   * What a reader may see from now on; take it once per request. It shows at least what was committed before the call;
   * who asks at the same time shares it.
   */
  readonly snapshot: () => Promise<Snapshot> = coalesceNext(() => readSnapshot(this.#db), SNAPSHOT_PATIENCE_MS)

  /** A pending batch of a push or an import, which leases no scope. */
  begin(kind: BatchKind): Promise<BatchId> {
    return insertBatch(this.#db, kind, this.#by)
  }

  /**
   * Leases a fair share of the scopes that are due, those that have waited longest for their turn, all with the same next
   * period, and gives them a pending batch; undefined when nothing is due. Scopes that another process holds are passed
   * over; an expired lease is taken over, and its batch is abandoned, whoever wrote it.
   */
  async claim(request: ClaimRequest): Promise<Claim | undefined> {
    this.#claims = true
    await noteAlive(this.#db, this.#by.owner)
    return claimScopes(this.#db, request, this.#by)
  }

  /** Says that this process claims no more, so that the others need not leave it its share any longer. */
  async retire(): Promise<void> {
    if (this.#claims) await forget(this.#db, this.#by.owner)
    this.#claims = false
  }

  /** How many scopes have something due, free or being rated by a process. Those that wait after a failure do not count. */
  due(request: DueRequest): Promise<number> {
    return countDue(this.#db, request)
  }

  /**
   * Leases one scope for a batch that changes its past, without moving it on. `start` notes in the same instant what the
   * batch is for; when it says false there is nothing to do any more, and nothing was leased. Undefined then, and while
   * the scope is being rated or reprocessed by somebody.
   */
  lease(
    scope: number,
    kind: BatchKind,
    start: (tx: StateDatabase, batch: BatchId) => Promise<boolean>,
  ): Promise<BatchId | undefined> {
    return leaseScope(this.#db, { scope, kind, by: this.#by }, start)
  }

  /** Prolongs a batch's leases. False when the batch is no longer this process's to finish. */
  async renew(batch: BatchId): Promise<boolean> {
    if (this.#claims) await noteAlive(this.#db, this.#by.owner)
    return renewLease(this.#db, batch, this.#by)
  }

  /**
   * Makes a batch count, with all that goes with it, in one instant. Throws `state.fenced` and changes nothing when the
   * batch was taken away: a lease expired and another process went on, or a reset came in between.
   */
  async commit(batch: BatchId, effects: CommitEffects = {}): Promise<void> {
    await this.#db.transaction((tx) => commitBatch(tx, batch, effects))
  }

  /** Gives a batch up: its points will be swept, its scopes are free. Again is harmless. */
  async abandon(batch: BatchId): Promise<void> {
    await this.#db.transaction((tx) => abandonRows(tx, [batch]))
  }

  /** Gives a batch up because scopes in it failed: those wait and show the error, the others are free at once. */
  async fail(batch: BatchId, failures: readonly ScopeFailure[]): Promise<void> {
    await this.#db.transaction((tx) => failBatch(tx, batch, failures))
  }

  /**
   * Gives up every pending batch and lease, whoever began it. Only for state that this process alone can have open: then
   * all of them are left by processes that are gone.
   */
  async abandonAll(): Promise<void> {
    await this.#db.transaction(abandonEverything)
  }

  /**
   * What may be deleted from the points store now; nothing while `Maintenance` holds the sweep. Batches whose owner let the lease
   * expire are abandoned first. Hand the answer back to `swept` when it is deleted.
   */
  sweepable(): Promise<Sweepable> {
    return this.#db.transaction(findSweepable)
  }

  /** Notes that what `sweepable` gave is deleted. */
  async swept(gone: Sweepable): Promise<void> {
    await this.#db.transaction((tx) => noteSwept(tx, gone))
  }
}
