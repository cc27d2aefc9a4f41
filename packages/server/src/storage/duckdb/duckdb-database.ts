import type { DuckDBConnection } from '@duckdb/node-api'
import { NO_EVENTS, type StoreEvents } from '../events.ts'
import { Readers } from './readers.ts'
import { type DuckDBFileOptions, MEMORY_BYTES, RenewableInstance } from './renewable-instance.ts'
import type { Statement } from './statement.ts'
import { type Change, Writer } from './writer.ts'

/** One DuckDB file: changes come one after the other, queries run beside them, each on a snapshot of its own. */
export class DuckDBDatabase implements AsyncDisposable {
  readonly path: string
  readonly events: StoreEvents
  readonly #instance: RenewableInstance
  readonly #readers: Readers
  readonly #writer: Writer

  private constructor(
    { path, memoryBytes = MEMORY_BYTES, events = NO_EVENTS }: DuckDBFileOptions,
    instance: RenewableInstance,
  ) {
    this.path = path
    this.events = events
    this.#instance = instance
    this.#readers = new Readers(instance)
    this.#writer = new Writer({ path, instance, readers: this.#readers, memoryBytes, events })
  }

  /** Throws `state.locked` when this very process has the file open, and DuckDB's own errors. */
  static async open(options: DuckDBFileOptions): Promise<DuckDBDatabase> {
    return new DuckDBDatabase(options, await RenewableInstance.open(options))
  }

  /** Runs one statement beside others; rows as DuckDB's values. */
  select(statement: Statement, signal?: AbortSignal): Promise<unknown[][]> {
    return this.#readers.select(statement, signal)
  }

  /** As `select`, but hands out the rows in DuckDB's chunks (at most 2,048) as the consumer takes them. */
  stream(statement: Statement, signal?: AbortSignal): AsyncGenerator<unknown[][], void, undefined> {
    return this.#readers.stream(statement, signal)
  }

  /** Runs `work`, which may only read, in one transaction: whatever is written meanwhile, it sees one state of the file. */
  read<T>(work: (connection: DuckDBConnection) => Promise<T>, signal?: AbortSignal): Promise<T> {
    return this.#readers.read(work, signal)
  }

  /** Makes a change in a transaction of its own, after all that were asked for before. When it throws, nothing of it stays. */
  change(change: Change): Promise<void> {
    return this.#writer.change(change)
  }

  /** Folds the log into the file, when what is being written is written: what was deleted makes room. */
  checkpoint(): Promise<void> {
    return this.#writer.checkpoint()
  }

  /** Waits for what is being written; interrupts what is being read. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writer.close()
    await this.#instance[Symbol.asyncDispose]()
  }
}
