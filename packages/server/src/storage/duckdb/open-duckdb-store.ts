import { createDuckDBFile } from '../../lib/create-duckdb-file.ts'
import { exists } from '../../lib/exists.ts'
import { Fault } from '../../lib/fault.ts'
import { lockHolder } from '../../lib/lock-folder.ts'
import { makePrivate } from '../../lib/private-files.ts'
import type { PointsCopy, RestoreOptions } from '../points-copy.ts'
import { fillTables } from './copy-tables.ts'
import { deleteBatchesAbove } from './drop-before.ts'
import { DuckDBDatabase } from './duckdb-database.ts'
import { DuckDBStore } from './duckdb-store.ts'
import { type DuckDBFileOptions, IN_MEMORY, temporaryFolder } from './renewable-instance.ts'
import type { StoreOptions } from './store-options.ts'
import { execute, run } from './run-statement.ts'
import { UPGRADES } from './schema.ts'
import type { Statement } from './statement.ts'

/**
 * Opens the file, and creates it with its folder if there is none; brings its tables to this version. Throws
 * `state.locked` when it is open already, `state.unwritable` when it cannot be read and written, `storage.newer_version`.
 */
export async function openDuckDBStore(options: DuckDBFileOptions & StoreOptions): Promise<DuckDBStore> {
  const { path } = options
  const database = await openFile(options).catch((error: unknown) => {
    throw error instanceof Fault ? error : toOpenFault(path, error)
  })
  try {
    // In the file itself: with its log, which may be lost, it would lose which file it is.
    if (await upgrade(database)) await database.checkpoint()
    return await DuckDBStore.over(database, options)
  } catch (error) {
    await database[Symbol.asyncDispose]()
    throw error instanceof Fault ? error : toOpenFault(path, error)
  }
}

/**
 * Makes a file, which must not be there, of what `copyTo` has left in a folder. Throws `storage.newer_version`, and DuckDB's
 * own errors; the file is then to be thrown away.
 */
export async function restoreDuckDBFile(
  path: string,
  folder: string,
  copy: PointsCopy,
  options: RestoreOptions,
): Promise<void> {
  await using database = await DuckDBDatabase.open({ path })
  await upgrade(database, copy.version)
  await database.change({ work: (connection) => fillTables(connection, folder, copy, options), signal: options.signal })
  await upgrade(database)
  // None is there; but what else the tables say of batches may be of ones that are going to be others.
  await database.change({ work: (connection) => deleteBatchesAbove(connection, copy.upTo) })
  await database.checkpoint()
}

async function openFile(options: DuckDBFileOptions): Promise<DuckDBDatabase> {
  const { path, events } = options
  if (path !== IN_MEMORY) {
    await requireFileOfLog(path)
    await createDuckDBFile(path)
  }
  const database = await DuckDBDatabase.open(options)
  if (path === IN_MEMORY) return database
  // By name, and when they are ours: an earlier version, or another user, left them as they are.
  const left = await Promise.all([path, `${path}.wal`, temporaryFolder(options)].map((file) => makePrivate(file)))
  if (left.flat().length > 0) events?.filesLeftOpen(left.flat())
  return database
}

/** DuckDB makes nothing of a log without its file, and would refuse a new file beside it. */
async function requireFileOfLog(path: string): Promise<void> {
  if ((await exists(path)) || !(await exists(`${path}.wal`))) return
  const message =
    `${path} is gone, and its log ${path}.wal is there: put the file back or restore a backup; if there is none, move the log ` +
    'away, and let `cloudtabbyd reconcile --points-lost` mark what is gone as not rated, so that it is collected again'
  throw new Fault('points.older_than_state', message, { path })
}

function toOpenFault(path: string, error: unknown): Fault {
  const message = error instanceof Error ? error.message : String(error)
  const holder = lockHolder(message)
  if (holder) return locked(path, holder.pid)
  return new Fault('state.unwritable', `cannot use ${path}: ${message.split('\n', 1)[0]}`, { path }, { cause: error })
}

function locked(path: string, pid: number | undefined): Fault {
  const who =
    pid === undefined ? 'a cloudtabbyd in another container or on another host' : `another cloudtabbyd (pid ${pid})`
  return new Fault('state.locked', `${who} uses ${path}; stop it or use its API`, { path, ...(pid && { pid }) })
}

/** Each upgrade is one transaction together with the version it leads to. True when there was something to do. */
async function upgrade(database: DuckDBDatabase, to = UPGRADES.length): Promise<boolean> {
  await database.change({
    work: (connection) => execute(connection, 'CREATE TABLE IF NOT EXISTS schema_version (version INTEGER)'),
  })
  const version = toVersion(await database.select(VERSION))
  const newest = Math.max(version, to)
  if (newest > UPGRADES.length) {
    const message = `${database.path} has version ${newest}; this program knows versions up to ${UPGRADES.length}`
    throw new Fault('storage.newer_version', message, { path: database.path, version: newest })
  }
  for (let next = version; next < to; next++) {
    await database.change({
      async work(connection) {
        for (const statement of UPGRADES[next]!) await execute(connection, statement)
        await run(connection, { sql: 'INSERT INTO schema_version VALUES ($1)', params: [next + 1] })
      },
      isThere: async (connection) => toVersion(await run(connection, VERSION)) > next,
    })
  }
  return version < to
}

const VERSION: Statement = { sql: 'SELECT coalesce(max(version), 0) FROM schema_version', params: [] }

function toVersion(rows: unknown[][]): number {
  return rows[0]?.[0] as number
}
