import type { Lease } from './lease.ts'
import { execute } from './run-statement.ts'

/** Of DuckDB's memory, what is left to the writer when it lacks some: so much of it, and not more than it can use. */
const WRITER_SHARE = 1 / 4
const WRITER_BYTES_MAX = 256 * 1024 ** 2

/** What an instance may use as long as readers are at work. */
export function sharedBytes(bytes: number): number {
  return Math.floor(bytes - Math.min(bytes * WRITER_SHARE, WRITER_BYTES_MAX))
}

/** As DuckDB reads sizes. */
export function bytesText(bytes: number): string {
  return `${bytes}B`
}

/**
 * Lets the writer, while no query is at work, use what readers never get. DuckDB has one limit for an instance and none for a
 * connection, and to lower it beside a query that takes memory can last as long as the query: hence never at another time.
 */
export async function limitMemory(lease: Lease, bytes: number): Promise<void> {
  await lease.run((connection) => execute(connection, `SET memory_limit = '${bytesText(bytes)}'`))
}
