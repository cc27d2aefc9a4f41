import { setImmediate } from 'node:timers/promises'
import {
  type DuckDBAppender,
  type DuckDBConnection,
  DuckDBDataChunk,
  type DuckDBType,
  type DuckDBValue,
  type DuckDBVector,
} from '@duckdb/node-api'
import { engine } from './engine-error.ts'

/** DuckDB's vector size: the most rows that a chunk takes. */
const CHUNK_ROWS = 2048
/** Appending does not leave the main thread; this many rows take some ten milliseconds. */
const ROWS_AT_A_STRETCH = 8 * CHUNK_ROWS

/** A column of a chunk: DuckDB's vector, of which only writing is used. */
export type Column<T extends DuckDBValue> = Pick<DuckDBVector<T>, 'setItem'>

/**
 * Appends `count` rows to a table, in chunks, which is several times faster than value by value. `fill` sets the values
 * of `rows` rows in the columns: row 0 of the chunk is row `start` of all. The event loop gets its turn in between.
 */
export async function append<Columns extends readonly Column<never>[]>(
  connection: DuckDBConnection,
  table: string,
  types: { readonly [K in keyof Columns]: DuckDBType },
  count: number,
  fill: (columns: Columns, start: number, rows: number) => void,
): Promise<void> {
  if (count === 0) return
  const appender = await engine(() => connection.createAppender(table))
  try {
    for (let start = 0; start < count; start += CHUNK_ROWS) {
      if (start > 0 && start % ROWS_AT_A_STRETCH === 0) await setImmediate()
      const rows = Math.min(CHUNK_ROWS, count - start)
      const chunk = DuckDBDataChunk.create(types, rows)
      const columns = types.map((_, i) => chunk.getColumnVector(i))
      fill(columns as unknown as Columns, start, rows)
      for (const column of columns) column.flush()
      await engine(() => appender.appendDataChunk(chunk))
    }
    await engine(() => appender.flushSync())
  } catch (error) {
    discard(appender)
    throw error
  }
  await engine(() => appender.closeSync())
}

/** What is buffered must not be flushed on closing: the transaction is going to be rolled back. */
function discard(appender: DuckDBAppender): void {
  try {
    appender.clear()
    appender.closeSync()
  } catch {
    // One that has failed says so again; what it failed of is known.
  }
}
