import { realpath, stat, statfs } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { Fault } from '../../lib/fault.ts'
import { type Statement, toDuckDBType, toDuckDBValue } from './statement.ts'

/** Where a store's ways part; nothing but speed depends on it. */
export interface StoreOptions {
  /** Points that are put in order at a time, `RUN_POINTS` by default. */
  readonly runPoints?: number
  /** Sums that are grouped in this process at most, `MOST_SUMS` by default; more are grouped by DuckDB. */
  readonly mostSums?: number
  /** Series up to which nobody asks whether scopes would do to sum by, `SCOPES_ABOVE` by default. */
  readonly scopesAbove?: number
}

export interface DuckDBFileOptions extends StoreOptions {
  /** The database file, or `:memory:`. Its folder is created. */
  readonly path: string
  /** Threads for queries; the number of processors by default. */
  readonly threads?: number
  /** DuckDB's memory limit, `512MB` by default: what does not fit is spilled beside the file. */
  readonly memoryLimit?: string
}

export const IN_MEMORY = ':memory:'

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
  readonly #options: DuckDBFileOptions
  readonly #file: string | undefined
  readonly #readers = new Slots(READERS)
  readonly #streams = new Slots(STREAMS)
  readonly #leases = new Set<Lease>()
  readonly #idle: Lease[] = []
  /** Undefined while it could not be opened again. */
  #instance: DuckDBInstance | undefined
  #opening: Promise<DuckDBInstance> | undefined
  #writer: Lease | undefined
  #writing: Promise<unknown> = Promise.resolve()
  #checkpointAt = CHECKPOINT_BYTES
  #closed = false

  private constructor(options: DuckDBFileOptions, file: string | undefined, instance: DuckDBInstance) {
    this.#options = options
    this.#file = file
    this.#instance = instance
  }

  /** Throws `state.locked` when this very process has the file open, and DuckDB's own errors. */
  static async open(options: DuckDBFileOptions): Promise<DuckDBDatabase> {
    const file = options.path === IN_MEMORY ? undefined : await realFile(options.path)
    if (file !== undefined && OPEN_FILES.has(file)) {
      throw new Fault('state.locked', `this process (pid ${process.pid}) uses ${options.path} already`, {
        path: options.path,
        pid: process.pid,
      })
    }
    if (file !== undefined) OPEN_FILES.add(file)
    try {
      return new DuckDBDatabase(options, file, await createInstance(options))
    } catch (error) {
      if (file !== undefined) OPEN_FILES.delete(file)
      throw error
    }
  }

  get path(): string {
    return this.#options.path
  }

  /** Runs one statement beside others; rows as DuckDB's values. Tried once more when the instance was invalid. */
  async select(statement: Statement, signal?: AbortSignal): Promise<unknown[][]> {
    await this.#readers.take(signal)
    try {
      return await this.#selectOnce(statement, signal)
    } catch (error) {
      if (!(await this.#isRenewedAfter(error))) throw error
      return await this.#selectOnce(statement, signal)
    } finally {
      this.#readers.give()
    }
  }

  async #selectOnce(statement: Statement, signal: AbortSignal | undefined): Promise<unknown[][]> {
    const lease = await this.#lease()
    try {
      await lease.setGroupBits(statement.groupsAllSeries ? ALL_SERIES_GROUP_BITS : GROUP_BITS)
      return await lease.run((connection) => run(connection, statement, signal))
    } finally {
      if (this.#leases.has(lease)) this.#idle.push(lease)
    }
  }

  /** As `select`, but hands out the rows in DuckDB's chunks (at most 2,048) as the consumer takes them. */
  async *stream(statement: Statement, signal?: AbortSignal): AsyncGenerator<unknown[][], void, undefined> {
    await this.#streams.take(signal)
    let lease: Lease | undefined
    try {
      lease = await this.#lease()
      const result = await lease.run((connection) => stream(connection, statement, signal))
      for (;;) {
        const chunk = await lease.run((connection) => interruptible(connection, signal, () => result.fetchChunk()))
        if (!chunk || chunk.rowCount === 0) return
        yield chunk.getRows()
      }
    } finally {
      lease?.close()
      if (lease) this.#leases.delete(lease)
      this.#streams.give()
    }
  }

  /** Runs `work`, which may only read, in one transaction: whatever is written meanwhile, it sees one state of the file. */
  async read<T>(work: (connection: DuckDBConnection) => Promise<T>, signal?: AbortSignal): Promise<T> {
    await this.#streams.take(signal)
    let lease: Lease | undefined
    try {
      lease = await this.#lease()
      return await lease.run(async (connection) => {
        await connection.run('BEGIN')
        const result = await work(connection)
        await connection.run('COMMIT')
        return result
      })
    } finally {
      lease?.close()
      if (lease) this.#leases.delete(lease)
      this.#streams.give()
    }
  }

  /**
   * Runs `work` in a transaction of its own, after all that were asked for before. When it throws, or the commit does,
   * nothing of it stays. `work` may be called twice, when the instance turns out to be invalid. `committed` is called
   * before the next transaction begins.
   */
  async transaction(
    work: (connection: DuckDBConnection) => Promise<void>,
    committed: () => void = () => {},
  ): Promise<void> {
    const turn = this.#writing.then(() => this.#transaction(work, committed))
    this.#writing = turn.catch(() => {})
    await turn
  }

  async #transaction(work: (connection: DuckDBConnection) => Promise<void>, committed: () => void): Promise<void> {
    let committing = false
    const attempt = async (connection: DuckDBConnection) => {
      await connection.run('BEGIN')
      try {
        await work(connection)
        committing = true
        await connection.run('COMMIT')
      } catch (error) {
        // A commit that failed has rolled back by itself.
        await connection.run('ROLLBACK').catch(() => {})
        throw error
      }
    }
    const write = async () => {
      this.#writer ??= await this.#lease()
      await this.#writer.run(attempt)
    }
    await write().catch(async (error: unknown) => {
      // Not again after a commit: nobody can tell whether it happened.
      if (!(await this.#isRenewedAfter(error)) || committing) throw error
      await write()
    })
    committed()
    await this.#checkpoint()
  }

  /** Folds the log into the file, when what is being written is written: what was deleted makes room. */
  async checkpoint(): Promise<void> {
    const turn = this.#writing.then(() => this.#checkpoint(0))
    this.#writing = turn.catch(() => {})
    await turn
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
      await this.#isRenewedAfter(error).catch(() => {})
    }
  }

  async #lease(): Promise<Lease> {
    if (this.#closed) throw new Fault('storage.unavailable', `the points store ${this.path} is closed`)
    const instance = await this.#opened()
    const idle = this.#idle.pop()
    if (idle) return idle
    const lease = new Lease(instance, await instance.connect())
    this.#leases.add(lease)
    return lease
  }

  async #opened(): Promise<DuckDBInstance> {
    if (this.#instance && !this.#opening) return this.#instance
    this.#opening ??= createInstance(this.#options)
    try {
      this.#instance = await this.#opening
      return this.#instance
    } finally {
      this.#opening = undefined
    }
  }

  /** Whether the error says that the instance it comes from has become invalid; then there is a new one. */
  async #isRenewedAfter(error: unknown): Promise<boolean> {
    if (!(error instanceof InvalidInstance) || this.#closed) return false
    if (this.#instance === error.instance && !this.#opening) this.#opening = this.#reopen()
    await this.#opened()
    return true
  }

  async #reopen(): Promise<DuckDBInstance> {
    await this.#closeInstance()
    return createInstance(this.#options)
  }

  /** Connections with a query under way are closed when it has ended: on an invalid instance all fail at once. */
  async #closeInstance(): Promise<void> {
    const leases = [...this.#leases]
    const instance = this.#instance
    this.#leases.clear()
    this.#idle.length = 0
    this.#writer = undefined
    this.#instance = undefined
    await Promise.all(leases.map((lease) => lease.closed()))
    instance?.closeSync()
  }

  /** Waits for what is being written; interrupts what is being read. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#writing
    await this.#opening?.catch(() => {})
    for (const lease of this.#leases) lease.interrupt()
    await this.#closeInstance()
    if (this.#file !== undefined) OPEN_FILES.delete(this.#file)
  }
}

/** A file's lock belongs to the process, so the second one to open it in one process would not be kept out by it. */
const OPEN_FILES = new Set<string>()

async function realFile(path: string): Promise<string> {
  return realpath(path).catch(async () => join(await realpath(dirname(path)), basename(path)))
}

function createInstance({ path, threads, memoryLimit = '512MB' }: DuckDBFileOptions): Promise<DuckDBInstance> {
  return DuckDBInstance.create(path, {
    memory_limit: memoryLimit,
    ...(threads === undefined ? {} : { threads: String(threads) }),
    wal_autocheckpoint: '1TB',
    storage_compatibility_version: 'v1.5.0',
    // Nothing is ever fetched from the network.
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  })
}

/** DuckDB's own `perfect_ht_threshold`: groups of so many bits are addressed directly. */
const GROUP_BITS = 12
/**
 * Measured on 20,000 series: to sum a million points of all of them takes half the time by direct addressing, to sum the
 * points of one scope twice the time, since room is made for all.
 */
const ALL_SERIES_GROUP_BITS = 17

/** A connection that knows whether it is at work. */
class Lease {
  readonly instance: DuckDBInstance
  readonly #connection: DuckDBConnection
  #groupBits = GROUP_BITS
  #running: Promise<unknown> | undefined
  #isClosed = false

  constructor(instance: DuckDBInstance, connection: DuckDBConnection) {
    this.instance = instance
    this.#connection = connection
  }

  async run<T>(work: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
    if (this.#isClosed) throw new Fault('storage.unavailable', 'the points store was closed in the middle of a query')
    const running = work(this.#connection).catch((error: unknown) => {
      throw isInvalidated(error) ? new InvalidInstance(this.instance, error) : error
    })
    this.#running = running.catch(() => {})
    return running
  }

  async setGroupBits(bits: number): Promise<void> {
    if (bits === this.#groupBits) return
    await this.run((connection) => connection.run(`SET perfect_ht_threshold = ${bits}`))
    this.#groupBits = bits
  }

  interrupt(): void {
    if (!this.#isClosed) this.#connection.interrupt()
  }

  close(): void {
    if (!this.#isClosed) this.#connection.closeSync()
    this.#isClosed = true
  }

  async closed(): Promise<void> {
    await this.#running
    this.close()
  }
}

/** DuckDB says no more than that, until it is opened anew. */
class InvalidInstance extends Error {
  readonly instance: DuckDBInstance

  constructor(instance: DuckDBInstance, cause: Error) {
    super(cause.message, { cause })
    this.instance = instance
  }
}

/** So many at once; the others wait in the order they came. */
class Slots {
  #free: number
  readonly #waiting: (() => void)[] = []

  constructor(size: number) {
    this.#free = size
  }

  async take(signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted()
    if (this.#free > 0) this.#free--
    else await this.#wait(signal)
  }

  #wait(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const turn = () => {
        signal?.removeEventListener('abort', abort)
        resolve()
      }
      const abort = () => {
        this.#waiting.splice(this.#waiting.indexOf(turn), 1)
        reject(signal?.reason as Error)
      }
      signal?.addEventListener('abort', abort, { once: true })
      this.#waiting.push(turn)
    })
  }

  give(): void {
    const next = this.#waiting.shift()
    if (next) next()
    else this.#free++
  }
}

/** Runs one statement on a connection: within a transaction, or on a leased one. */
export async function run(
  connection: DuckDBConnection,
  statement: Statement,
  signal?: AbortSignal,
): Promise<unknown[][]> {
  return interruptible(connection, signal, async () => {
    const prepared = await prepare(connection, statement)
    try {
      signal?.throwIfAborted()
      const result = await prepared.run()
      return await result.getRows()
    } finally {
      prepared.destroySync()
    }
  })
}

function stream(connection: DuckDBConnection, statement: Statement, signal?: AbortSignal) {
  return interruptible(connection, signal, async () => {
    const prepared = await prepare(connection, statement)
    signal?.throwIfAborted()
    return prepared.stream()
  })
}

async function prepare(connection: DuckDBConnection, { sql, params }: Statement) {
  const prepared = await connection.prepare(sql)
  prepared.bind(params.map(toDuckDBValue), params.map(toDuckDBType))
  return prepared
}

const INTERRUPT_AGAIN_MS = 20

/** An interrupt between two steps of a query is lost, so it is sent until the query has ended. */
async function interruptible<T>(
  connection: DuckDBConnection,
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
): Promise<T> {
  if (!signal) return work()
  signal.throwIfAborted()
  let again: NodeJS.Timeout | undefined
  const interrupt = () => {
    connection.interrupt()
    again = setInterval(() => connection.interrupt(), INTERRUPT_AGAIN_MS)
  }
  signal.addEventListener('abort', interrupt, { once: true })
  try {
    return await work()
  } catch (error) {
    signal.throwIfAborted()
    throw error
  } finally {
    signal.removeEventListener('abort', interrupt)
    clearInterval(again)
  }
}

function isInvalidated(error: unknown): error is Error {
  return error instanceof Error && /^FATAL|database has been invalidated/.test(error.message)
}
