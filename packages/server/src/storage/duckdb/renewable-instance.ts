import { readdir, realpath, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { Fault } from '../../lib/fault.ts'
import { makePrivateFolder } from '../../lib/private-files.ts'
import { NO_EVENTS, type StoreEvents } from '../events.ts'
import { engine } from './engine-error.ts'
import { Lease } from './lease.ts'
import { bytesText, sharedBytes } from './memory-shares.ts'
import { untilReleased } from './released-file.ts'

export interface DuckDBFileOptions {
  /** The database file, or `:memory:`. Its folder is created. */
  readonly path: string
  /** Threads for queries; the number of processors by default. */
  readonly threads?: number | undefined
  /**
   * DuckDB's memory, `MEMORY_BYTES` by default: what does not fit is spilled into the temporary folder. A part of it is the
   * writer's alone.
   */
  readonly memoryBytes?: number | undefined
  /** For what is spilled, and for nothing else; created. Beside the file by default. */
  readonly temporaryFolder?: string | undefined
  /** More is not spilled, `TEMPORARY_BYTES` by default: who needs more fails. */
  readonly temporaryBytes?: number | undefined
  /** Nobody is told by default. */
  readonly events?: StoreEvents
}

export const IN_MEMORY = ':memory:'
export const MEMORY_BYTES = 512 * 1024 ** 2
const TEMPORARY_BYTES = 2 * 1024 ** 3

/**
 * A DuckDB instance of one file, which is closed and opened anew when it can no longer be trusted; leases are its
 * connections. Closing writes nothing: what is committed is in the log or in the file, and what an instance believes after a
 * failed commit must not get there.
 */
export class RenewableInstance implements AsyncDisposable {
  readonly #options: DuckDBFileOptions
  readonly #file: string | undefined
  readonly #leases = new Set<Lease>()
  /** Undefined while it could not be opened again. */
  #instance: DuckDBInstance | undefined
  #opening: Promise<DuckDBInstance> | undefined
  #closed = false

  private constructor(options: DuckDBFileOptions, file: string | undefined) {
    this.#options = options
    this.#file = file
  }

  /** Throws `state.locked` when this very process has the file open, and DuckDB's own errors. */
  static async open(options: DuckDBFileOptions): Promise<RenewableInstance> {
    const { path } = options
    const file = path === IN_MEMORY ? undefined : await realFile(path)
    if (file !== undefined && OPEN_FILES.has(file)) {
      throw new Fault('state.locked', `this process (pid ${process.pid}) uses ${path} already`, {
        path,
        pid: process.pid,
      })
    }
    if (file !== undefined) OPEN_FILES.add(file)
    const renewable = new RenewableInstance(options, file)
    try {
      await renewable.#opened()
      return renewable
    } catch (error) {
      if (file !== undefined) OPEN_FILES.delete(file)
      throw error
    }
  }

  /** A connection of its own. Throws `storage.unavailable` once it is closed, and DuckDB's errors. */
  async lease(): Promise<Lease> {
    if (this.#closed) throw new Fault('storage.unavailable', `the points store ${this.#options.path} is closed`)
    const instance = await this.#opened()
    const lease = new Lease(instance, await engine(() => instance.connect()))
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

  /**
   * Closes the suspect, unless that has happened already, and opens the file anew. All that is being read is interrupted.
   * What is only in memory is lost and stays closed. Throws what keeps the file from being opened; whoever asks for a
   * connection next tries it again.
   */
  async renew(suspect: DuckDBInstance, error: unknown): Promise<void> {
    if (this.#closed) return
    if (this.#instance !== suspect || this.#opening) return void (await this.#opened())
    const { events = NO_EVENTS } = this.#options
    if (this.#file === undefined) {
      this.#closed = true
      await this.#close()
      return
    }
    await this.#begin(async () => {
      await this.#close()
      return this.#open()
    })
    events.reopened(error)
  }

  /** Interrupts what is at work. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#opening?.catch(() => {})
    await this.#close()
    if (this.#file !== undefined) OPEN_FILES.delete(this.#file)
  }

  async #opened(): Promise<DuckDBInstance> {
    if (this.#opening) return this.#opening
    return this.#instance ?? this.#begin(() => this.#open())
  }

  /** Whoever wants a connection meanwhile waits for this. */
  #begin(open: () => Promise<DuckDBInstance>): Promise<DuckDBInstance> {
    const opening = open()
      .then((instance) => (this.#instance = instance))
      .finally(() => (this.#opening = undefined))
    this.#opening = opening
    return opening
  }

  async #open(): Promise<DuckDBInstance> {
    const file = this.#file
    if (file === undefined) return createInstance(this.#options, '')
    return engine(async () => {
      await untilReleased(file)
      return createInstance(this.#options, await emptyFolder(temporaryFolder(this.#options)))
    })
  }

  async #close(): Promise<void> {
    const leases = [...this.#leases]
    const instance = this.#instance
    this.#leases.clear()
    this.#instance = undefined
    await Promise.all(leases.map((lease) => lease.stop()))
    for (const lease of leases) lease.close()
    instance?.closeSync()
  }
}

/** A file's lock belongs to the process, so the second one to open it in one process would not be kept out by it. */
const OPEN_FILES = new Set<string>()

async function realFile(path: string): Promise<string> {
  return realpath(path).catch(async () => join(await realpath(dirname(path)), basename(path)))
}

/** Of this file alone. */
export function temporaryFolder({ path, temporaryFolder: folder }: DuckDBFileOptions): string {
  return folder === undefined ? `${path}.tmp` : join(folder, `${basename(path)}.tmp`)
}

/** Makes the folder; what a process that was killed has left in it is nobody's. */
async function emptyFolder(folder: string): Promise<string> {
  await makePrivateFolder(folder)
  const left = (await readdir(folder)).filter((name) => name.startsWith('duckdb_temp_'))
  await Promise.all(left.map((name) => rm(join(folder, name), { force: true })))
  return folder
}

async function createInstance(options: DuckDBFileOptions, temporary: string): Promise<DuckDBInstance> {
  const { path, threads, memoryBytes = MEMORY_BYTES, temporaryBytes = TEMPORARY_BYTES } = options
  const instance = await engine(() =>
    DuckDBInstance.create(path, {
      memory_limit: bytesText(sharedBytes(memoryBytes)),
      temp_directory: temporary,
      ...(threads === undefined ? {} : { threads: String(threads) }),
      wal_autocheckpoint: '1TB',
      storage_compatibility_version: 'v1.5.0',
      // Nothing is ever fetched from the network.
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
    }),
  )
  const connection = await instance.connect()
  await connection.run('PRAGMA disable_checkpoint_on_shutdown')
  // Given with the others above it is shown, and not heeded.
  await connection.run(`SET max_temp_directory_size = '${bytesText(temporaryBytes)}'`)
  connection.closeSync()
  return instance
}
