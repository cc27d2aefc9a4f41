import { realpath } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { Fault } from '../../lib/fault.ts'
import type { StoreEvents } from '../events.ts'
import { InvalidInstance, Lease } from './lease.ts'

export interface DuckDBFileOptions {
  /** The database file, or `:memory:`. Its folder is created. */
  readonly path: string
  /** Threads for queries; the number of processors by default. */
  readonly threads?: number
  /** DuckDB's memory limit, `512MB` by default: what does not fit is spilled beside the file. */
  readonly memoryLimit?: string
  /** Nobody is told by default. */
  readonly events?: StoreEvents
}

export const IN_MEMORY = ':memory:'

/** A DuckDB instance of one file, which is closed and opened anew when it has become invalid; leases are its connections. */
export class RenewableInstance implements AsyncDisposable {
  readonly #options: DuckDBFileOptions
  readonly #file: string | undefined
  readonly #leases = new Set<Lease>()
  /** Undefined while it could not be opened again. */
  #instance: DuckDBInstance | undefined
  #opening: Promise<DuckDBInstance> | undefined
  #closed = false

  private constructor(options: DuckDBFileOptions, file: string | undefined, instance: DuckDBInstance) {
    this.#options = options
    this.#file = file
    this.#instance = instance
  }

  /** Throws `state.locked` when this very process has the file open, and DuckDB's own errors. */
  static async open(options: DuckDBFileOptions): Promise<RenewableInstance> {
    const file = options.path === IN_MEMORY ? undefined : await realFile(options.path)
    if (file !== undefined && OPEN_FILES.has(file)) {
      throw new Fault('state.locked', `this process (pid ${process.pid}) uses ${options.path} already`, {
        path: options.path,
        pid: process.pid,
      })
    }
    if (file !== undefined) OPEN_FILES.add(file)
    try {
      return new RenewableInstance(options, file, await createInstance(options))
    } catch (error) {
      if (file !== undefined) OPEN_FILES.delete(file)
      throw error
    }
  }

  /** A connection of its own. Throws `storage.unavailable` once it is closed, and DuckDB's errors. */
  async lease(): Promise<Lease> {
    if (this.#closed) throw new Fault('storage.unavailable', `the points store ${this.#options.path} is closed`)
    const instance = await this.#opened()
    const lease = new Lease(instance, await instance.connect())
    this.#leases.add(lease)
    return lease
  }

  /** Whether it still is a connection of the instance that is open. */
  holds(lease: Lease): boolean {
    return this.#leases.has(lease)
  }

  release(lease: Lease): void {
    lease.close()
    this.#leases.delete(lease)
  }

  /** Whether the error says that the instance it comes from has become invalid; then there is a new one. */
  async isRenewedAfter(error: unknown): Promise<boolean> {
    if (!(error instanceof InvalidInstance) || this.#closed) return false
    if (this.#instance === error.instance && !this.#opening) {
      this.#opening = this.#reopen()
      await this.#opened()
      this.#options.events?.reopened(error.cause)
    } else await this.#opened()
    return true
  }

  /** Interrupts what is at work. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#opening?.catch(() => {})
    for (const lease of this.#leases) lease.interrupt()
    await this.#close()
    if (this.#file !== undefined) OPEN_FILES.delete(this.#file)
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

  async #reopen(): Promise<DuckDBInstance> {
    await this.#close()
    return createInstance(this.#options)
  }

  /** Connections with a query under way are closed when it has ended: on an invalid instance all fail at once. */
  async #close(): Promise<void> {
    const leases = [...this.#leases]
    const instance = this.#instance
    this.#leases.clear()
    this.#instance = undefined
    await Promise.all(leases.map((lease) => lease.closed()))
    instance?.closeSync()
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
