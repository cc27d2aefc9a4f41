import type { DuckDBConnection, DuckDBResult } from '@duckdb/node-api'
import { engine } from './engine-error.ts'
import { type Statement, toDuckDBType, toDuckDBValue } from './statement.ts'

/** Runs one statement on a connection: within a transaction, or on a leased one. Throws `EngineError`, or the signal's reason. */
export async function run(
  connection: DuckDBConnection,
  statement: Statement,
  signal?: AbortSignal,
): Promise<unknown[][]> {
  return interruptible(connection, signal, async () => {
    const prepared = await prepare(connection, statement)
    try {
      signal?.throwIfAborted()
      return await engine(async () => (await prepared.run()).getRows())
    } finally {
      prepared.destroySync()
    }
  })
}

/** As `run`, for SQL without parameters. */
export async function execute(connection: DuckDBConnection, sql: string): Promise<void> {
  await engine(() => connection.run(sql))
}

/** As `run`, but the rows are fetched from what is answered, some at a time, by `fetchRows`. */
export function stream(
  connection: DuckDBConnection,
  statement: Statement,
  signal?: AbortSignal,
): Promise<DuckDBResult> {
  return interruptible(connection, signal, async () => {
    const prepared = await prepare(connection, statement)
    signal?.throwIfAborted()
    return engine(() => prepared.stream())
  })
}

/** The next rows of a result, as DuckDB's values; undefined at its end. */
export function fetchRows(
  connection: DuckDBConnection,
  result: DuckDBResult,
  signal?: AbortSignal,
): Promise<unknown[][] | undefined> {
  return interruptible(connection, signal, async () => {
    const chunk = await engine(() => result.fetchChunk())
    return chunk && chunk.rowCount > 0 ? chunk.getRows() : undefined
  })
}

async function prepare(connection: DuckDBConnection, { sql, params }: Statement) {
  const prepared = await engine(() => connection.prepare(sql))
  prepared.bind(params.map(toDuckDBValue), params.map(toDuckDBType))
  return prepared
}

const INTERRUPT_AGAIN_MS = 20

/** Interrupts a connection until what it does has ended: an interrupt between two steps of a query is lost. */
export async function interruptUntil(connection: DuckDBConnection, ended: Promise<unknown>): Promise<void> {
  connection.interrupt()
  const again = setInterval(() => connection.interrupt(), INTERRUPT_AGAIN_MS)
  await ended.catch(() => {})
  clearInterval(again)
}

async function interruptible<T>(
  connection: DuckDBConnection,
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
): Promise<T> {
  if (!signal) return work()
  signal.throwIfAborted()
  const working = work()
  const interrupt = () => void interruptUntil(connection, working)
  signal.addEventListener('abort', interrupt, { once: true })
  try {
    return await working
  } catch (error) {
    signal.throwIfAborted()
    throw error
  } finally {
    signal.removeEventListener('abort', interrupt)
  }
}
