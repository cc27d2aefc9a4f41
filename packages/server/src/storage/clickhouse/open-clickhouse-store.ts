import { randomUUID } from 'node:crypto'
import { Fault } from '../../lib/fault.ts'
import type { PointStore } from '../point-store.ts'
import { ClickHouseDatabase, type ClickHouseOptions } from './clickhouse-database.ts'
import { ClickHouseStore } from './clickhouse-store.ts'
import { serverCode } from './retrying.ts'
import { foundationSql, type Layout, UPGRADES } from './schema.ts'
import { Params } from './statement.ts'
import { tablesOf } from './tables.ts'

/**
 * Connects, creates the database and its tables if they are not there, and brings them to this version. Throws
 * `storage.unavailable` when the server cannot be reached or refuses the user, `storage.newer_version`.
 */
export async function openClickHouseStore(options: ClickHouseOptions): Promise<PointStore> {
  const layout: Layout = { database: options.database, cluster: options.cluster }
  const database = new ClickHouseDatabase(options)
  try {
    await upgrade(database, layout)
    await identify(database, layout)
    return new ClickHouseStore(database, layout)
  } catch (error) {
    await database[Symbol.asyncDispose]()
    throw error
  }
}

/**
 * Several processes may do this at once: each statement again is harmless, and the version is said when all of an upgrade
 * is done, by however many. Where there is nothing to do nothing is created, which on a cluster asks for all of it.
 */
async function upgrade(database: ClickHouseDatabase, layout: Layout): Promise<void> {
  const table = tablesOf(layout.database).schemaVersion
  const version = await versionOf(database, table)
  if (version === undefined) for (const sql of foundationSql(layout)) await database.command({ sql, params: {} })
  if (version !== undefined) refuseNewer(layout.database, version)
  for (let next = version ?? 0; next < UPGRADES.length; next++) {
    for (const sql of UPGRADES[next]!(layout)) await database.command({ sql, params: {} })
    const params = new Params()
    await database.command({
      sql: `INSERT INTO ${table} (version) SELECT ${params.add(next + 1)}`,
      params: params.list,
    })
  }
}

/** Says which store this is, unless it is said. Of several processes that do so at once, the server takes one. */
async function identify(database: ClickHouseDatabase, layout: Layout): Promise<void> {
  const table = tablesOf(layout.database).storeIdentity
  const rows = await database.select({ sql: `SELECT identity FROM ${table} LIMIT 1`, params: {} })
  if (rows.length > 0) return
  await database.insert({ table, columns: ['identity'], lines: `${randomUUID()}\n`, token: 'identity' })
}

/** Whether the server lets us in, and which version of our tables it has; nothing is made. Throws as `openClickHouseStore`. */
export async function probeClickHouse(options: ClickHouseOptions, signal: AbortSignal): Promise<string | undefined> {
  await using database = new ClickHouseDatabase({ ...options, waitsMs: [] })
  const version = await versionOf(database, tablesOf(options.database).schemaVersion, signal)
  if (version === undefined)
    return `the database ${options.database} is not there yet; the first start makes it. If something was rated before, the name is wrong`
  refuseNewer(options.database, version)
  return undefined
}

function refuseNewer(database: string, version: number): void {
  if (version <= UPGRADES.length) return
  const message = `the database ${database} has version ${version}; this program knows versions up to ${UPGRADES.length}`
  throw new Fault('storage.newer_version', message, { database, version })
}

/** Undefined when there is no such table, or not even the database. */
async function versionOf(
  database: ClickHouseDatabase,
  table: string,
  signal?: AbortSignal,
): Promise<number | undefined> {
  try {
    const [row] = await database.select({ sql: `SELECT max(version) FROM ${table}`, params: {} }, signal)
    return Number(row?.[0] ?? 0)
  } catch (error) {
    const code = error instanceof Fault ? serverCode(error.cause) : undefined
    if (code === UNKNOWN_TABLE || code === UNKNOWN_DATABASE) return undefined
    throw error
  }
}

const UNKNOWN_TABLE = 60
const UNKNOWN_DATABASE = 81
