import { LRUCache } from 'lru-cache'
import type { Select, Statement } from './statement.ts'

/** The text of an attribute by the number of the scope. */
export type TextByScope = ReadonlyMap<number, string>

/** Names that are remembered. */
const REMEMBERED = 20

/**
 * Finds out which attributes have one text within every scope, as the project's id, its name or its region have. Points
 * that are grouped by such need not be summed by series first: scopes are fewer, and the points know theirs. What was
 * found is remembered until series come or go.
 */
export class ScopeTexts {
  readonly #select: Select
  readonly #changes: () => number
  readonly #remembered = new LRUCache<string, { changes: number; texts: TextByScope | undefined }>({ max: REMEMBERED })

  /** `changes` grows whenever series have come or gone, before points of theirs are in any snapshot. */
  constructor(select: Select, changes: () => number) {
    this.#select = select
    this.#changes = changes
  }

  /** The texts of each of the attributes; undefined where one of them differs within a scope. */
  async find(names: readonly string[], signal: AbortSignal | undefined): Promise<TextByScope[] | undefined> {
    // Every scope has several of these.
    if (names.includes('type') || names.includes('unit')) return undefined
    const all: TextByScope[] = []
    for (const name of names) {
      const texts = await this.#find(name, signal)
      if (!texts) return undefined
      all.push(texts)
    }
    return all
  }

  async #find(name: string, signal: AbortSignal | undefined): Promise<TextByScope | undefined> {
    const changes = this.#changes()
    const known = this.#remembered.get(name)
    if (known?.changes === changes) return known.texts
    const rows = (await this.#select(scopeTextsSql(name), signal)) as [scope: number, text: string, isOne: boolean][]
    const texts = rows.every(([, , isOne]) => isOne) ? new Map(rows.map(([scope, text]) => [scope, text])) : undefined
    this.#remembered.set(name, { changes, texts })
    return texts
  }
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
