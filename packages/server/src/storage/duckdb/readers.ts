import type { DuckDBConnection } from '@duckdb/node-api'
import { Semaphore } from '../../lib/semaphore.ts'
import { EngineError } from './engine-error.ts'
import type { Lease } from './lease.ts'
import type { RenewableInstance } from './renewable-instance.ts'
import { execute, run } from './run-statement.ts'
import type { Statement } from './statement.ts'

/**
 * Queries that run at once. Each occupies one of libuv's four worker threads, and one must stay free for the writer;
 * DuckDB spreads every query over all its threads anyway.
 */
const READERS = 3
/** Exports that are open at once; they wait for their consumers most of the time. */
const STREAMS = 8
/** A query that was interrupted is run again so often, so that one that cannot get through ends. */
const TRIES = 5

/**
 * What is read from one instance: each query on a snapshot of its own, beside others and beside the writer. One that was
 * interrupted, because the writer lacked memory or the instance had to be opened anew, is run again before anything of it is
 * handed out.
 */
export class Readers {
  readonly #instance: RenewableInstance
  readonly #running = new Semaphore(READERS)
  readonly #open = new Semaphore(STREAMS)
  readonly #idle: Lease[] = []
  /** With a query under way that may be interrupted and run again. */
  readonly #busy = new Set<Lease>()
  /** Of whom something was handed out already: they cannot begin again. */
  readonly #begun = new Set<Lease>()
  /** While the writer needs the memory. */
  #gate: Promise<void> | undefined

  constructor(instance: RenewableInstance) {
    this.#instance = instance
  }

  /** Runs one statement; rows as DuckDB's values. */
  async select(statement: Statement, signal?: AbortSignal): Promise<unknown[][]> {
    return this.#persistently(async () => {
      const lease = await this.#idleLease()
      try {
        return await this.#busily(lease, async () => {
          await lease.groupAllSeries(statement.groupsAllSeries === true)
          return lease.run((connection) => run(connection, statement, signal))
        })
      } finally {
        if (this.#instance.holds(lease)) this.#idle.push(lease)
      }
    }, signal)
  }

  /** As `select`, but hands out the rows in DuckDB's chunks (at most 2,048) as the consumer takes them. */
  async *stream(statement: Statement, signal?: AbortSignal): AsyncGenerator<unknown[][], void, undefined> {
    const close = await this.#open.acquire(signal)
    let lease: Lease | undefined
    try {
      lease = await this.#persistently(() => this.#begin(statement, signal), signal)
      this.#begun.add(lease)
      for (let rows = await lease.fetch(signal); rows; rows = await lease.fetch(signal)) yield rows
    } finally {
      if (lease) this.#end(lease)
      close()
    }
  }

  async #begin(statement: Statement, signal: AbortSignal | undefined): Promise<Lease> {
    const lease = await this.#instance.lease()
    try {
      await this.#busily(lease, async () => {
        await lease.groupAllSeries(statement.groupsAllSeries === true)
        await lease.stream(statement, signal)
      })
      return lease
    } catch (error) {
      this.#instance.release(lease)
      throw error
    }
  }

  /** Runs `work`, which may only read, in one transaction: whatever is written meanwhile, it sees one state of the file. */
  async read<T>(work: (connection: DuckDBConnection) => Promise<T>, signal?: AbortSignal): Promise<T> {
    const close = await this.#open.acquire(signal)
    let lease: Lease | undefined
    try {
      lease = await this.#instance.lease()
      this.#begun.add(lease)
      return await lease.run(async (connection) => {
        await execute(connection, 'BEGIN')
        const result = await work(connection)
        await execute(connection, 'COMMIT')
        return result
      })
    } finally {
      if (lease) this.#end(lease)
      close()
    }
  }

  /**
   * Gives the memory of queries back: interrupts those under way and keeps others from beginning, until the answer is called.
   * With `'all'` also what cannot begin again: streams and backups then end with an error.
   */
  async giveWay(which: 'queries' | 'all'): Promise<() => void> {
    let open = () => {}
    const gate = new Promise<void>((resolve) => (open = resolve))
    this.#gate = gate
    await Promise.all([...this.#busy].map((lease) => lease.stop()))
    if (which === 'all') {
      await Promise.all([...this.#begun].map((lease) => lease.stop()))
      for (const lease of this.#begun) this.#end(lease)
    }
    return () => {
      if (this.#gate === gate) this.#gate = undefined
      open()
    }
  }

  /** One of those that run at once, which the writer may interrupt. */
  async #busily<T>(lease: Lease, work: () => Promise<T>): Promise<T> {
    while (this.#gate) await this.#gate
    this.#busy.add(lease)
    try {
      return await work()
    } catch (error) {
      if (error instanceof EngineError && error.kind === 'invalid') await this.#instance.renew(lease.instance, error)
      throw error
    } finally {
      this.#busy.delete(lease)
    }
  }

  /** In its turn, and again while it was interrupted. */
  async #persistently<T>(work: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    const release = await this.#running.acquire(signal)
    try {
      for (let tries = 1; ; tries++) {
        try {
          return await work()
        } catch (error) {
          signal?.throwIfAborted()
          const isPassing = error instanceof EngineError && (error.kind === 'interrupted' || error.kind === 'invalid')
          if (!isPassing || tries === TRIES) throw error
        }
      }
    } finally {
      release()
    }
  }

  async #idleLease(): Promise<Lease> {
    for (let idle = this.#idle.pop(); idle; idle = this.#idle.pop()) if (this.#instance.holds(idle)) return idle
    return this.#instance.lease()
  }

  #end(lease: Lease): void {
    this.#begun.delete(lease)
    this.#instance.release(lease)
  }
}
