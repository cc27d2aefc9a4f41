import { BIGINT, type DuckDBType, type DuckDBValue, LIST, listValue, VARCHAR } from '@duckdb/node-api'

/** What a statement may be given: a whole number, a text, or a list of either. */
export type Param =
  | number
  | bigint
  | string
  | { readonly integers: readonly (number | bigint)[] }
  | { readonly texts: readonly string[] }

/** One statement with its parameters `$1`, `$2`, ...; no value ever stands in the SQL itself. */
export interface Statement {
  readonly sql: string
  readonly params: readonly Param[]
  /** Whether it groups by all series of the file: many dense numbers, which DuckDB then addresses directly. */
  readonly groupsAllSeries?: boolean
}

/** Runs a statement beside others; its rows, as DuckDB's values. */
export type Select = (statement: Statement, signal: AbortSignal | undefined) => Promise<unknown[][]>

/** Collects the parameters of one statement: `add` answers with the placeholder that stands for the value. */
export class Params {
  readonly list: Param[] = []

  add(param: Param): string {
    this.list.push(param)
    return `$${this.list.length}`
  }

  integers(integers: readonly (number | bigint)[]): string {
    return this.add({ integers })
  }

  texts(texts: readonly string[]): string {
    return this.add({ texts })
  }
}

export function toDuckDBValue(param: Param): DuckDBValue {
  if (typeof param === 'number') return BigInt(param)
  if (typeof param !== 'object') return param
  return listValue('texts' in param ? param.texts : param.integers.map((integer) => BigInt(integer)))
}

/** The types are said, not guessed from the values: an empty list has none to guess from. */
export function toDuckDBType(param: Param): DuckDBType {
  if (typeof param === 'string') return VARCHAR
  if (typeof param !== 'object') return BIGINT
  return 'texts' in param ? LIST(VARCHAR) : LIST(BIGINT)
}
