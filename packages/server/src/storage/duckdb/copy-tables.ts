import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { DuckDBConnection } from '@duckdb/node-api'
import type { BatchId } from '../../domain/snapshot.ts'
import { chunksOf } from '../../lib/chunks.ts'
import type { CopyOptions, PointsCopy, RestoreOptions } from '../points-copy.ts'
import { run } from './run-statement.ts'
import type { Statement } from './statement.ts'

/** Rows of one file: so often there is something to tell, and an end can come. */
const ROWS_PER_FILE = 500_000
/** Files that are read by one statement: what each writes begins a row group of its own. */
const FILES_AT_ONCE = 20

/**
 * Copies every table into Parquet files `TABLE-0001.parquet`, ..., each in its order, within the connection's transaction: of
 * one state of the file. Rows of batches above `upTo` stay out.
 */
export async function copyTables(
  connection: DuckDBConnection,
  folder: string,
  upTo: BatchId,
  { signal, onProgress }: CopyOptions,
): Promise<PointsCopy> {
  await mkdir(folder, { mode: 0o700 })
  const select = (sql: string, ...params: Statement['params']) => run(connection, { sql, params }, signal)
  const [versionRow] = await select('SELECT coalesce(max(version), 0) FROM schema_version')
  const tables = (
    await select(
      `SELECT table_name FROM duckdb_tables() WHERE NOT internal AND table_name <> 'schema_version' ORDER BY 1`,
    )
  ).map(([name]) => name as string)

  const ends = new Map<string, number>()
  for (const table of tables) {
    const [row] = await select(`SELECT coalesce(max(rowid) + 1, 0) FROM ${table}`)
    ends.set(table, Number(row?.[0]))
  }
  const total = [...ends.values()].reduce((a, b) => a + b, 0)
  let done = 0
  const rows: Record<string, number> = {}
  for (const [table, end] of ends) {
    const columns = await select('SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = $1', table)
    const list = columns.map(([name, type]) => inParquet(name as string, type as string)).join(', ')
    const hasBatch = columns.some(([name]) => name === 'batch')
    rows[table] = 0
    for (let begin = 0, file = 1; begin < end; begin += ROWS_PER_FILE, file++) {
      // COPY takes no parameters; all of these are numbers, or a text that is quoted.
      const where = [`rowid >= ${begin}`, `rowid < ${begin + ROWS_PER_FILE}`, ...(hasBatch ? [`batch <= ${upTo}`] : [])]
      const path = join(folder, `${table}-${String(file).padStart(4, '0')}.parquet`)
      const [row] = await select(
        `COPY (SELECT ${list} FROM ${table} WHERE ${where.join(' AND ')}) TO ${quoted(path)} (FORMAT parquet, COMPRESSION zstd)`,
      )
      rows[table] += Number(row?.[0])
      done += Math.min(ROWS_PER_FILE, end - begin)
      onProgress({ done, total })
    }
  }
  return { engine: 'duckdb', version: Number(versionRow?.[0]), upTo, rows }
}

/** Fills the tables of a new file, of the version that was copied, within the connection's transaction. */
export async function fillTables(
  connection: DuckDBConnection,
  folder: string,
  { rows }: PointsCopy,
  { signal, onProgress }: RestoreOptions,
): Promise<void> {
  const names = (await readdir(folder)).toSorted()
  const total = Object.values(rows).reduce((a, b) => a + b, 0)
  let done = 0
  for (const [table, wanted] of Object.entries(rows)) {
    let found = 0
    // A new file may have rows from its making.
    await run(connection, { sql: `DELETE FROM ${table}`, params: [] })
    const files = names.filter((name) => new RegExp(`^${table}-\\d+\\.parquet$`).test(name))
    for (const some of chunksOf(files, FILES_AT_ONCE)) {
      const paths = some.map((name) => join(folder, name))
      const sql = `INSERT INTO ${table} BY NAME SELECT * FROM read_parquet($1)`
      const [row] = await run(connection, { sql, params: [{ texts: paths }] }, signal)
      found += Number(row?.[0])
      done += Number(row?.[0])
      onProgress({ done, total })
    }
    if (found !== wanted) throw new Error(`${table} has ${found} rows, not ${wanted}`)
  }
}

/** Parquet knows no integers of 128 bits, and would make doubles of them. Ours have at most 38 digits. */
function inParquet(column: string, type: string): string {
  return type === 'HUGEINT' ? `CAST(${column} AS DECIMAL(38,0)) AS ${column}` : column
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}
