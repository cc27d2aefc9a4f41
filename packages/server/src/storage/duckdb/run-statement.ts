import type { DuckDBConnection, DuckDBDataChunk, DuckDBResult } from '@duckdb/node-api'
import { type Statement, toDuckDBType, toDuckDBValue } from './statement.ts'

/** Runs one statement on a connection: within a transaction, or on a leased one. */
export async function run(
  connection: DuckDBConnection,
  statement: Statement,
  signal?: AbortSignal,
): Promise<unknown[][]> {
  return interruptible(connection, signal, async () => {
    const prepared = await prepare(connection, statement)
    try {
      signal?.throwIfAborted()
      const result = await prepared.run()
      return await result.getRows()
    } finally {
      prepared.destroySync()
    }
  })
}

/** As `run`, but the rows are fetched from what is answered, a chunk after the other, by `fetchChunk`. */
export function stream(
  connection: DuckDBConnection,
  statement: Statement,
  signal?: AbortSignal,
): Promise<DuckDBResult> {
  return interruptible(connection, signal, async () => {
    const prepared = await prepare(connection, statement)
    signal?.throwIfAborted()
    return prepared.stream()
  })
}

/** The next rows of a result; none, or null, at its end. */
export function fetchChunk(
  connection: DuckDBConnection,
  result: DuckDBResult,
  signal?: AbortSignal,
): Promise<DuckDBDataChunk | null> {
  return interruptible(connection, signal, () => result.fetchChunk())
}

async function prepare(connection: DuckDBConnection, { sql, params }: Statement) {
  const prepared = await connection.prepare(sql)
  prepared.bind(params.map(toDuckDBValue), params.map(toDuckDBType))
  return prepared
}

const INTERRUPT_AGAIN_MS = 20

/** An interrupt between two steps of a query is lost, so it is sent until the query has ended. */
async function interruptible<T>(
  connection: DuckDBConnection,
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
): Promise<T> {
  if (!signal) return work()
  signal.throwIfAborted()
  let again: NodeJS.Timeout | undefined
  const interrupt = () => {
    connection.interrupt()
    again = setInterval(() => connection.interrupt(), INTERRUPT_AGAIN_MS)
  }
  signal.addEventListener('abort', interrupt, { once: true })
  try {
    return await work()
  } catch (error) {
    signal.throwIfAborted()
    throw error
  } finally {
    signal.removeEventListener('abort', interrupt)
    clearInterval(again)
  }
}
