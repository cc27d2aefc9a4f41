import { textBytes } from '../../lib/byte-cache.ts'
import type { Grouping } from '../grouping.ts'
import { SeriesMemory } from './series-memory.ts'
import type { Select, Statement } from './statement.ts'

/** The text of an attribute by the number of the scope. */
export type TextByScope = ReadonlyMap<number, string>

/** A name of 10,000 scopes takes some 1.5 MB. */
const REMEMBERED_BYTES = 128 * 1024 * 1024

/**
 * Finds out which attributes have one text within every scope, as the project's id, its name or its region have. Points
 * that are grouped by such need not be summed by series first: scopes are fewer, and the points know theirs. What was
 * found is remembered until series come or go.
 */
export class ScopeTexts {
  readonly #select: Select
  readonly #found: SeriesMemory<{ readonly texts: TextByScope | undefined }>

  /** `changes` as in `SeriesMemoryOptions`. */
  constructor(select: Select, changes: () => number) {
    this.#select = select
    this.#found = new SeriesMemory({ changes, bytesMax: REMEMBERED_BYTES, bytesOf: ({ texts }) => bytesOf(texts) })
  }

  /** The texts of each of the attributes; undefined where one of them differs within a scope. */
  async find(groupby: readonly Grouping[], signal: AbortSignal | undefined): Promise<TextByScope[] | undefined> {
    const all: TextByScope[] = []
    // Every scope has several types and units.
    if (!groupby.every((grouping) => grouping.by === 'attribute')) return undefined
    for (const { name } of groupby) {
      const texts = await this.#find(name, signal)
      if (!texts) return undefined
      all.push(texts)
    }
    return all
  }

  async #find(name: string, signal: AbortSignal | undefined): Promise<TextByScope | undefined> {
    const find = async (_changes: number, asked: AbortSignal) => {
      const rows = (await this.#select(scopeTextsSql(name), asked)) as [scope: number, text: string, isOne: boolean][]
      const isOne = rows.every(([, , one]) => one)
      return { texts: isOne ? new Map(rows.map(([scope, text]) => [scope, text])) : undefined }
    }
    return (await this.#found.get(name, find, signal)).texts
  }
}

function bytesOf(texts: TextByScope | undefined): number {
  let bytes = 0
  for (const text of texts?.values() ?? []) bytes += 50 + textBytes(text)
  return bytes
}

/** A row for each scope; of those whose texts differ, one is enough. */
function scopeTextsSql(name: string): Statement {
  return {
    sql: `WITH texts AS (
  SELECT series.scope, min(coalesce(a.value, '')) AS text, max(coalesce(a.value, '')) = text AS is_one
  FROM series LEFT JOIN (SELECT series, value FROM attributes WHERE name = $1) a ON a.series = series.number GROUP BY 1)
SELECT * FROM texts WHERE (SELECT bool_and(is_one) FROM texts) UNION ALL (SELECT * FROM texts WHERE NOT is_one LIMIT 1)`,
    params: [name],
  }
}
