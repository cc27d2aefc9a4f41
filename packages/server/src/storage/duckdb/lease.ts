import type { DuckDBConnection, DuckDBInstance, DuckDBResult } from '@duckdb/node-api'
import { connectionClosed } from './engine-error.ts'
import { execute, fetchRows, interruptUntil, stream } from './run-statement.ts'
import type { Statement } from './statement.ts'

/** DuckDB's own `perfect_ht_threshold`: groups of so many bits are addressed directly. */
const GROUP_BITS = 12
/**
 * Measured on 20,000 series: to sum a million points of all of them takes half the time by direct addressing, to sum the
 * points of one scope twice the time, since room is made for all.
 */
const ALL_SERIES_GROUP_BITS = 17

/** A connection of an instance, for one piece of work at a time. Once it is closed all work fails as interrupted. */
export class Lease {
  readonly instance: DuckDBInstance
  readonly #connection: DuckDBConnection
  #groupBits = GROUP_BITS
  #running: Promise<unknown> | undefined
  /** Kept here and nowhere else: as long as somebody has it, DuckDB keeps the file open. */
  #result: DuckDBResult | undefined
  #isClosed = false

  constructor(instance: DuckDBInstance, connection: DuckDBConnection) {
    this.instance = instance
    this.#connection = connection
  }

  async run<T>(work: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
    if (this.#isClosed) throw connectionClosed()
    const running = work(this.#connection)
    const ended = Promise.allSettled([running])
    this.#running = ended
    try {
      return await running
    } finally {
      if (this.#running === ended) this.#running = undefined
    }
  }

  /** Runs a statement up to its first rows, which `fetch` hands out. */
  async stream(statement: Statement, signal?: AbortSignal): Promise<void> {
    await this.run(async (connection) => {
      const result = await stream(connection, statement, signal)
      if (this.#isClosed) throw connectionClosed()
      this.#result = result
    })
  }

  /** The next rows of what `stream` has run; undefined after the last ones. */
  async fetch(signal?: AbortSignal): Promise<unknown[][] | undefined> {
    return this.run(async (connection) => {
      const rows = this.#result && (await fetchRows(connection, this.#result, signal))
      if (!rows) this.#result = undefined
      return rows
    })
  }

  /** Whether the next statement groups by all series of the file. */
  async groupAllSeries(all: boolean): Promise<void> {
    const bits = all ? ALL_SERIES_GROUP_BITS : GROUP_BITS
    if (bits === this.#groupBits) return
    await this.run((connection) => execute(connection, `SET perfect_ht_threshold = ${bits}`))
    this.#groupBits = bits
  }

  /** Interrupts what is at work, and resolves when it has ended. */
  async stop(): Promise<void> {
    if (this.#running && !this.#isClosed) await interruptUntil(this.#connection, this.#running)
  }

  /** Nothing may be at work. */
  close(): void {
    this.#result = undefined
    if (!this.#isClosed) this.#connection.closeSync()
    this.#isClosed = true
  }
}
