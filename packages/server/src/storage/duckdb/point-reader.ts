import type { LRUCache } from 'lru-cache'
import type { Point } from '../../domain/point.ts'
import { seriesBytes } from '../../domain/series-bytes.ts'
import { parseAttributes, type Series } from '../../domain/series.ts'
import { byteCache, textBytes } from '../../lib/byte-cache.ts'
import type { PointRow } from './retrieve-sql.ts'
import { Params, type Select } from './statement.ts'
import { fromStoredValue } from './stored-value.ts'
import { isOneOf } from './visible-sql.ts'

/** Series that were read last are kept, so that a page does not parse them again: some 20,000 of usual length. */
const SERIES_BYTES = 32 * 1024 * 1024
const RULES_BYTES = 8 * 1024 * 1024

/** Makes points of rows: looks up the series and rule lists that stand in them as numbers. */
export class PointReader {
  readonly #select: Select
  readonly #series = byteCache<number, Series>(SERIES_BYTES, seriesBytes)
  readonly #rules = byteCache<number, readonly string[]>(RULES_BYTES, (rules) =>
    rules.reduce((bytes, rule) => bytes + textBytes(rule), 0),
  )

  constructor(select: Select) {
    this.#select = select
  }

  async points(rows: readonly unknown[][], signal: AbortSignal | undefined): Promise<Point[]> {
    const typed = rows as unknown as readonly PointRow[]
    const series = await this.series(new Set(typed.map((row) => row[2])), signal)
    const rules = await this.#lookUp(
      this.#rules,
      new Set(typed.map((row) => row[3])),
      'SELECT number, rules FROM rule_sets',
      ([text]) => JSON.parse(text as string) as string[],
      signal,
    )
    return typed.map(([begin, end, number, ruleSet, ...values]) => ({
      series: series.get(number)!,
      begin: Number(begin),
      end: Number(end),
      quantity: fromStoredValue(values[0], values[1], values[2]),
      price: fromStoredValue(values[3], values[4], values[5]),
      rules: rules.get(ruleSet)!,
    }))
  }

  series(numbers: ReadonlySet<number>, signal: AbortSignal | undefined): Promise<Map<number, Series>> {
    return this.#lookUp(
      this.#series,
      numbers,
      'SELECT number, id, scope_id, type, unit, groupby, metadata FROM series',
      toSeriesRead,
      signal,
    )
  }

  /** Rows of a table by their number, from what is remembered or else from the file. */
  async #lookUp<T extends object>(
    remembered: LRUCache<number, T>,
    numbers: ReadonlySet<number>,
    table: string,
    read: (columns: unknown[]) => T,
    signal: AbortSignal | undefined,
  ): Promise<Map<number, T>> {
    const found = new Map<number, T>()
    const missing: number[] = []
    for (const number of numbers) {
      const known = remembered.get(number)
      if (known) found.set(number, known)
      else missing.push(number)
    }
    if (missing.length === 0) return found
    const params = new Params()
    const where = isOneOf(missing, params)('number')
    const rows = await this.#select({ sql: `${table} WHERE ${where}`, params: params.list }, signal)
    for (const [number, ...columns] of rows) {
      const value = read(columns)
      remembered.set(number as number, value)
      found.set(number as number, value)
    }
    return found
  }
}

function toSeriesRead([id, scopeId, type, unit, groupby, metadata]: unknown[]): Series {
  return {
    id: id as bigint,
    scopeId: scopeId as string,
    type: type as string,
    unit: unit as string,
    groupby: parseAttributes(groupby as string),
    metadata: parseAttributes(metadata as string),
  }
}
