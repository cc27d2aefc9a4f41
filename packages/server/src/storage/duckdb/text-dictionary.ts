import type { DuckDBConnection } from '@duckdb/node-api'
import { byteCache, textBytes } from '../../lib/byte-cache.ts'
import { run } from './run-statement.ts'

/** For so many bytes texts are remembered; others are looked up in the file. */
const REMEMBERED_BYTES = 24 * 1024 * 1024

/**
 * Gives every text of a column its row's number. What was given in a transaction counts only after `commit`;
 * `rollback` forgets it.
 */
export class TextDictionary {
  readonly #table: 'rule_sets' | 'sample_series'
  readonly #column: string
  readonly #remembered = byteCache<string, number>(REMEMBERED_BYTES, (_, text) => textBytes(text))
  #uncommitted: [string, number][] = []
  #next: number

  constructor(table: 'rule_sets' | 'sample_series', column: string, next: number) {
    this.#table = table
    this.#column = column
    this.#next = next
  }

  /** `fresh` are those that are not in the file yet: the caller writes them. */
  async number(
    connection: DuckDBConnection,
    texts: ReadonlySet<string>,
  ): Promise<{ numbers: ReadonlyMap<string, number>; fresh: readonly [text: string, number: number][] }> {
    const numbers = new Map<string, number>()
    const missing: string[] = []
    for (const text of texts) {
      const number = this.#remembered.get(text)
      if (number === undefined) missing.push(text)
      else numbers.set(text, number)
    }
    if (missing.length === 0) return { numbers, fresh: [] }

    const rows = await run(connection, {
      sql: `SELECT ${this.#column}, number FROM ${this.#table} WHERE ${this.#column} IN (SELECT unnest($1))`,
      params: [{ texts: missing }],
    })
    for (const [text, number] of rows as [string, number][]) numbers.set(text, number)
    const fresh: [string, number][] = []
    for (const text of missing) {
      if (!numbers.has(text)) {
        numbers.set(text, this.#next)
        fresh.push([text, this.#next++])
      }
      this.#uncommitted.push([text, numbers.get(text)!])
    }
    return { numbers, fresh }
  }

  commit(): void {
    for (const [text, number] of this.#uncommitted) this.#remembered.set(text, number)
    this.#uncommitted = []
  }

  rollback(): void {
    this.#uncommitted = []
  }

  /** Every text is looked up in the file again: rows went from it. */
  forget(): void {
    this.#remembered.clear()
  }
}
