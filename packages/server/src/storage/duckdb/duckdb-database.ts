import { stat, statfs } from 'node:fs/promises'
import type { DuckDBConnection } from '@duckdb/node-api'
import { Semaphore } from '../../lib/semaphore.ts'
import { NO_EVENTS, type StoreEvents } from '../events.ts'
import type { Lease } from './lease.ts'
import { type DuckDBFileOptions, IN_MEMORY, RenewableInstance } from './renewable-instance.ts'
import { fetchChunk, run, stream } from './run-statement.ts'
import type { Statement } from './statement.ts'

/**
 * Queries that run at once. Each occupies one of libuv's four worker threads, and one must stay free for the writer;
 * DuckDB spreads every query over all its threads anyway.
 */
const READERS = 3
/** Exports that run at once; they wait for their consumers most of the time. */
const STREAMS = 8
/** The write-ahead log's size at which it is folded into the file. */
const CHECKPOINT_BYTES = 16 * 1024 * 1024

/**
 * One DuckDB instance with one connection that writes and a few that read. Changes come one after the other; queries
 * run beside them, each on a snapshot of its own.
 *
 * DuckDB's own checkpoints are turned off, because one that fails (a full disk) invalidates the whole instance in the
 * middle of a commit, which then has and has not happened. Here they run after a commit and only where there is room,
 * and should one fail all the same, the instance is opened anew: the log has everything.
 */
export class DuckDBDatabase implements AsyncDisposable {
  readonly path: string
  readonly events: StoreEvents
  readonly #instance: RenewableInstance
  readonly #readers = new Semaphore(READERS)
  readonly #streams = new Semaphore(STREAMS)
  readonly #idle: Lease[] = []
  #writer: Lease | undefined
  #writing: Promise<unknown> = Promise.resolve()
  #checkpointAt = CHECKPOINT_BYTES

  private constructor({ path, events = NO_EVENTS }: DuckDBFileOptions, instance: RenewableInstance) {
    this.path = path
    this.events = events
    this.#instance = instance
  }

  /** Throws `state.locked` when this very process has the file open, and DuckDB's own errors. */
  static async open(options: DuckDBFileOptions): Promise<DuckDBDatabase> {
    return new DuckDBDatabase(options, await RenewableInstance.open(options))
  }

  /** Runs one statement beside others; rows as DuckDB's values. Tried once more when the instance was invalid. */
  async select(statement: Statement, signal?: AbortSignal): Promise<unknown[][]> {
    const release = await this.#readers.acquire(signal)
    try {
      return await this.#selectOnce(statement, signal)
    } catch (error) {
      if (!(await this.#instance.isRenewedAfter(error))) throw error
      return await this.#selectOnce(statement, signal)
    } finally {
      release()
    }
  }

  async #selectOnce(statement: Statement, signal: AbortSignal | undefined): Promise<unknown[][]> {
    const lease = await this.#reader()
    try {
      await lease.groupAllSeries(statement.groupsAllSeries === true)
      return await lease.run((connection) => run(connection, statement, signal))
    } finally {
      this.#idle.push(lease)
    }
  }

  async #reader(): Promise<Lease> {
    for (let idle = this.#idle.pop(); idle; idle = this.#idle.pop()) if (this.#instance.holds(idle)) return idle
    return this.#instance.lease()
  }

  /** As `select`, but hands out the rows in DuckDB's chunks (at most 2,048) as the consumer takes them. */
  async *stream(statement: Statement, signal?: AbortSignal): AsyncGenerator<unknown[][], void, undefined> {
    const release = await this.#streams.acquire(signal)
    let lease: Lease | undefined
    try {
      lease = await this.#instance.lease()
      await lease.groupAllSeries(statement.groupsAllSeries === true)
      const result = await lease.run((connection) => stream(connection, statement, signal))
      for (;;) {
        const chunk = await lease.run((connection) => fetchChunk(connection, result, signal))
        if (!chunk || chunk.rowCount === 0) return
        yield chunk.getRows()
      }
    } finally {
      if (lease) this.#instance.release(lease)
      release()
    }
  }

  /** Runs `work`, which may only read, in one transaction: whatever is written meanwhile, it sees one state of the file. */
  async read<T>(work: (connection: DuckDBConnection) => Promise<T>, signal?: AbortSignal): Promise<T> {
    const release = await this.#streams.acquire(signal)
    let lease: Lease | undefined
    try {
      lease = await this.#instance.lease()
      return await lease.run(async (connection) => {
        await connection.run('BEGIN')
        const result = await work(connection)
        await connection.run('COMMIT')
        return result
      })
    } finally {
      if (lease) this.#instance.release(lease)
      release()
    }
  }

  /**
   * Runs `work` in a transaction of its own, after all that were asked for before. When it throws, or the commit does, or
   * the signal fires before the commit, nothing of it stays. `work` may be called twice, when the instance turns out to be
   * invalid. `committed` is called before the next transaction begins.
   */
  async transaction(
    work: (connection: DuckDBConnection) => Promise<void>,
    { committed = () => {}, signal }: { committed?: () => void; signal?: AbortSignal | undefined } = {},
  ): Promise<void> {
    await this.#inTurn(() => this.#transaction(work, committed, signal))
  }

  async #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#writing.then(work)
    this.#writing = turn.catch(() => {})
    await turn
  }

  async #transaction(
    work: (connection: DuckDBConnection) => Promise<void>,
    committed: () => void,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    let committing = false
    const attempt = async (connection: DuckDBConnection) => {
      await connection.run('BEGIN')
      try {
        await work(connection)
        signal?.throwIfAborted()
        committing = true
        await connection.run('COMMIT')
      } catch (error) {
        // A commit that failed has rolled back by itself.
        await connection.run('ROLLBACK').catch(() => {})
        throw error
      }
    }
    const write = async () => {
      signal?.throwIfAborted()
      if (!this.#writer || !this.#instance.holds(this.#writer)) this.#writer = await this.#instance.lease()
      await this.#writer.run(attempt)
    }
    await write().catch(async (error: unknown) => {
      // Not again after a commit: nobody can tell whether it happened.
      if (!(await this.#instance.isRenewedAfter(error)) || committing) throw error
      await write()
    })
    committed()
    await this.#checkpoint()
  }

  /** Folds the log into the file, when what is being written is written: what was deleted makes room. */
  async checkpoint(): Promise<void> {
    await this.#inTurn(() => this.#checkpoint(0))
  }

  async #checkpoint(atBytes = this.#checkpointAt): Promise<void> {
    if (this.path === IN_MEMORY) return
    const log = await stat(`${this.path}.wal`).catch(() => undefined)
    if (!log || log.size < atBytes) return
    const disk = await statfs(this.path).catch(() => undefined)
    if (disk && disk.bavail * disk.bsize < 2 * log.size) return
    try {
      await this.#writer?.run((connection) => connection.run('CHECKPOINT'))
      this.#checkpointAt = CHECKPOINT_BYTES
    } catch (error) {
      // The log is kept. It is not tried again at once: opening an instance anew reads the whole log.
      this.#checkpointAt = log.size + CHECKPOINT_BYTES
      this.events.checkpointFailed(error)
      await this.#instance.isRenewedAfter(error).catch(() => {})
    }
  }

  /** Waits for what is being written; interrupts what is being read. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writing
    await this.#instance[Symbol.asyncDispose]()
  }
}
