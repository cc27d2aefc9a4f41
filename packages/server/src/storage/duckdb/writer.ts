import { stat, statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { DuckDBConnection } from '@duckdb/node-api'
import { exists } from '../../lib/exists.ts'
import { makePrivate } from '../../lib/private-files.ts'
import { settleNames } from '../../lib/settle.ts'
import type { StoreEvents } from '../events.ts'
import { engine, EngineError } from './engine-error.ts'
import type { Lease } from './lease.ts'
import { limitMemory, sharedBytes } from './memory-shares.ts'
import type { Readers } from './readers.ts'
import { IN_MEMORY, type RenewableInstance } from './renewable-instance.ts'
import { execute } from './run-statement.ts'
import { unknownFault } from './store-faults.ts'

export interface Change {
  /** May be called again, when an earlier attempt left nothing. */
  readonly work: (connection: DuckDBConnection) => Promise<void>
  /** Called before the next change begins. */
  readonly committed?: () => void
  /**
   * Whether the change is there, asked when its commit failed and the file was opened anew. Throws when a part of it is. For
   * changes that are harmless again it need not be known: without it they are made again.
   */
  readonly isThere?: (connection: DuckDBConnection) => Promise<boolean>
  /** Readers keep their memory: it fails rather than that they are interrupted. */
  readonly yields?: boolean
  readonly signal?: AbortSignal | undefined
}

export interface WriterParts {
  readonly path: string
  readonly instance: RenewableInstance
  readonly readers: Pick<Readers, 'giveWay'>
  readonly memoryBytes: number
  readonly events: StoreEvents
}

/** The write-ahead log's size at which it is folded into the file. */
const CHECKPOINT_BYTES = 16 * 1024 * 1024
/** The first beside readers, the second without queries, the third alone. */
const ATTEMPTS = 3

/**
 * Makes changes one after the other, each in a transaction of its own, and folds the log into the file.
 *
 * DuckDB is not to be trusted after a commit that failed: rows of it may stay, and rows of later ones be lost. So the
 * instance is then closed and opened anew before anything else is written, and what the file holds is asked for. The same
 * after a rollback that failed, and after any error that DuckDB itself calls fatal.
 *
 * DuckDB's own checkpoints are turned off, because one that fails (a full disk) invalidates the whole instance in the
 * middle of a commit, which then has and has not happened. Here they run after a commit and only where there is room,
 * and should one fail all the same, the instance is opened anew: the log has everything.
 */
export class Writer {
  readonly #parts: WriterParts
  #lease: Lease | undefined
  #last: Promise<unknown> = Promise.resolve()
  #checkpointAt = CHECKPOINT_BYTES
  #isLogSettled = false

  constructor(parts: WriterParts) {
    this.#parts = parts
  }

  /**
   * After all changes that were asked for before. When it throws, nothing of the change stays, or `isThere` has thrown. It
   * does not fail for memory that readers have: those are interrupted, and it is made again.
   */
  async change(change: Change): Promise<void> {
    await this.#inTurn(async () => {
      await this.#persistently(change)
      change.committed?.()
      await this.#settleLog()
      await this.#checkpoint(this.#checkpointAt)
    })
  }

  /** Folds the log into the file, when what is being written is written: what was deleted makes room. */
  async checkpoint(): Promise<void> {
    await this.#inTurn(() => this.#checkpoint(0))
  }

  async #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#last.then(work)
    this.#last = turn.catch(() => {})
    await turn
  }

  async #persistently(change: Change): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        if (attempt === 1) await this.#attempt(change)
        else await this.#withoutReaders(attempt === 2 ? 'queries' : 'all', () => this.#attempt(change))
        return
      } catch (error) {
        change.signal?.throwIfAborted()
        const kind = error instanceof EngineError ? error.kind : undefined
        const isPassing = kind === 'invalid' || (kind === 'memory' && !change.yields)
        if (!isPassing || attempt === ATTEMPTS) throw error
      }
    }
  }

  /** With all of the memory. */
  async #withoutReaders(which: 'queries' | 'all', work: () => Promise<void>): Promise<void> {
    const { readers, memoryBytes } = this.#parts
    const letGo = await readers.giveWay(which)
    try {
      await limitMemory(await this.#writer(), memoryBytes)
      await work()
    } finally {
      // An instance that cannot even do that is opened anew by whoever uses it next.
      await this.#writer()
        .then((lease) => limitMemory(lease, sharedBytes(memoryBytes)))
        .catch(() => {})
      letGo()
    }
  }

  async #attempt({ work, isThere, signal }: Change): Promise<void> {
    const lease = await this.#writer()
    signal?.throwIfAborted()
    let committing = false
    try {
      await lease.run(async (connection) => {
        await execute(connection, 'BEGIN')
        await work(connection)
        signal?.throwIfAborted()
        committing = true
        await execute(connection, 'COMMIT')
      })
    } catch (error) {
      if (committing) await this.#requireThere(lease, isThere, error)
      else {
        if (!(await isRolledBack(lease))) await this.#parts.instance.renew(lease.instance, error)
        throw error
      }
    }
  }

  /** Throws the error of the commit when the change is not there, and what is never tried again when nobody can tell. */
  async #requireThere(failed: Lease, isThere: Change['isThere'], error: unknown): Promise<void> {
    let there = false
    try {
      await this.#parts.instance.renew(failed.instance, error)
      if (isThere) there = await (await this.#writer()).run(isThere)
    } catch (doubt) {
      throw doubt instanceof EngineError ? unknownFault(doubt, this.#parts.path) : doubt
    }
    if (!there) throw error
  }

  async #writer(): Promise<Lease> {
    const { instance } = this.#parts
    if (!this.#lease || !instance.holds(this.#lease)) this.#lease = await instance.lease()
    return this.#lease
  }

  /**
   * DuckDB puts every commit into the log and the log on disk, but not that there is one: it begins a new one after each
   * checkpoint, with whatever rights the process gives its files.
   */
  async #settleLog(): Promise<void> {
    const { path } = this.#parts
    if (path === IN_MEMORY || this.#isLogSettled || !(await exists(`${path}.wal`))) return
    await makePrivate(`${path}.wal`)
    await engine(() => settleNames(dirname(path)))
    this.#isLogSettled = true
  }

  async #checkpoint(atBytes: number): Promise<void> {
    const { path, events } = this.#parts
    if (path === IN_MEMORY) return
    const log = await stat(`${path}.wal`).catch(() => undefined)
    if (!log || log.size < atBytes) return
    const disk = await statfs(path).catch(() => undefined)
    if (disk && disk.bavail * disk.bsize < 2 * log.size) return
    try {
      await this.#fold().catch(async (error: unknown) => {
        if (!(error instanceof EngineError) || !error.lacksMemory) throw error
        await this.#withoutReaders('queries', () => this.#fold())
      })
      this.#checkpointAt = CHECKPOINT_BYTES
    } catch (error) {
      // The log is kept. It is not tried again at once: opening an instance anew reads the whole log.
      this.#checkpointAt = log.size + CHECKPOINT_BYTES
      events.checkpointFailed(error)
    }
  }

  /** Readers may be interrupted by it: an instance of which a checkpoint has failed is opened anew. */
  async #fold(): Promise<void> {
    const lease = await this.#writer()
    try {
      this.#isLogSettled = false
      await lease.run((connection) => execute(connection, 'CHECKPOINT'))
    } catch (error) {
      await this.#parts.instance.renew(lease.instance, error)
      throw error
    }
  }

  /** Waits for what is being written, and folds the log into the file. */
  async close(): Promise<void> {
    await this.checkpoint().catch(() => {})
  }
}

async function isRolledBack(lease: Lease): Promise<boolean> {
  return lease
    .run((connection) => execute(connection, 'ROLLBACK'))
    .then(
      () => true,
      () => false,
    )
}
