import type { DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { Fault } from '../../lib/fault.ts'

/** DuckDB's own `perfect_ht_threshold`: groups of so many bits are addressed directly. */
const GROUP_BITS = 12
/**
 * Measured on 20,000 series: to sum a million points of all of them takes half the time by direct addressing, to sum the
 * points of one scope twice the time, since room is made for all.
 */
const ALL_SERIES_GROUP_BITS = 17

/** A connection that knows whether it is at work. */
export class Lease {
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

  /** Whether the next statement groups by all series of the file. */
  async groupAllSeries(all: boolean): Promise<void> {
    const bits = all ? ALL_SERIES_GROUP_BITS : GROUP_BITS
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
export class InvalidInstance extends Error {
  readonly instance: DuckDBInstance

  constructor(instance: DuckDBInstance, cause: Error) {
    super(cause.message, { cause })
    this.instance = instance
  }
}

function isInvalidated(error: unknown): error is Error {
  return error instanceof Error && /^FATAL|database has been invalidated/.test(error.message)
}
