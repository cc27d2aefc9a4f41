import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import type { ClickHouseClientConfigOptions } from '@clickhouse/client'

/** An installation of its own, since it is larger than everything else together: `npm run install:chdb`. */
const FOLDER = resolve(import.meta.dirname, '../../../../../scripts/services/chdb')

/** What tests use of npm's `chdb`, ClickHouse in this process. Its own types are there only when it is installed. */
export interface Chdb {
  /** One data directory may be open by several. */
  readonly Session: new (path: string, options?: { connectionArgs?: readonly string[] }) => ChdbSession
  readonly createChdbConnection: (options: { path: string }) => ChdbConnection
  readonly native: ChdbNative
}

/** As `@clickhouse/client` takes it instead of a server's address. */
export type ChdbConnection = NonNullable<ClickHouseClientConfigOptions['connection']>

export interface ChdbSession {
  readonly path: string
  readonly connection: unknown
  /** At once, in this thread. */
  query(sql: string, format?: string): string
  queryAsync(sql: string, options?: { format?: string }): Promise<ChdbResult>
  queryStream(sql: string, options?: { format?: string }): AsyncIterable<ChdbChunk>
  close(): void
}

interface ChdbResult {
  readonly rowsRead: number
  bytes(): Uint8Array
  text(): string
}

export interface ChdbChunk {
  raw(): Uint8Array
}

/** The package's own inserts take a fixed list of formats; its native part takes any, and says how many rows it wrote. */
interface ChdbNative {
  InsertRawAsyncConnection(
    connection: unknown,
    statement: string,
    data: Buffer,
    countLines: boolean,
  ): Promise<{ rowsWritten: number }>
}

/**
 * Undefined where `loadChdb` works; else why the tests that need it are skipped. With REQUIRE_SERVICES=1 they are never
 * skipped, and fail instead.
 */
export function whyNoChdb(): string | undefined {
  if (process.env['REQUIRE_SERVICES'] === '1') return undefined
  // npm leaves this folder out on a machine for which there is no engine.
  return existsSync(join(FOLDER, 'node_modules/@chdb')) ? undefined : 'no ClickHouse here: npm run install:chdb'
}

/** Takes half a second the first time. */
export function loadChdb(): Chdb {
  const require = createRequire(join(FOLDER, 'package.json'))
  try {
    const entry = require.resolve('chdb')
    const { Session } = require(entry) as Pick<Chdb, 'Session'>
    const { createChdbConnection } = require('chdb/connection') as Pick<Chdb, 'createChdbConnection'>
    const { loadNative } = require(join(dirname(entry), 'dist/loader.js')) as { loadNative: () => ChdbNative }
    return { Session, createChdbConnection, native: loadNative() }
  } catch (cause) {
    throw new Error('ClickHouse for tests cannot be loaded; install it: npm run install:chdb', { cause })
  }
}

/**
 * chdb gives statements ids of its own. Here the id that a client gives is the statement's comment (the setting `log_comment`),
 * and what asks the engine by `query_id` asks it by that. It keeps a statement that has ended in its list as long as its connection
 * has no other: who waited for it to go from there would wait for ever.
 */
export function byComment(sql: string): string {
  if (!isAboutQueries(sql)) return sql
  return sql.replaceAll(/\bquery_id\b/g, `Settings['log_comment']`).replace(/\bSYNC\s*$/, 'ASYNC')
}

export function isAboutQueries(sql: string): boolean {
  return /^\s*KILL QUERY\b|\bFROM system\.processes\b/.test(sql)
}
