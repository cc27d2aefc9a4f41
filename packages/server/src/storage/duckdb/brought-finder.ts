import { type Calendar, CALENDAR } from '../../domain/calendar.ts'
import { calendarsAsked, type WithBrought } from '../brought-calendar.ts'
import type { PointFilter, TotalQuery } from '../point-store.ts'
import type { Select } from './statement.ts'
import { SeriesMemory } from './series-memory.ts'

/** Finds out which calendar attributes any series has of its own, and remembers it until series come or go. */
export class BroughtFinder {
  readonly #memory: SeriesMemory<ReadonlySet<Calendar>>
  readonly #select: Select

  /** `changes` as in `SeriesMemoryOptions`. */
  constructor(select: Select, changes: () => number) {
    this.#select = select
    this.#memory = new SeriesMemory({ changes, bytesMax: 1024, bytesOf: () => 100 })
  }

  /** The question, and what it needs to know of the calendar: nothing, mostly. */
  async add<Q extends PointFilter & Partial<Pick<TotalQuery, 'groupby'>>>(
    query: Q,
    signal: AbortSignal | undefined,
  ): Promise<Q & WithBrought> {
    if (calendarsAsked(query).length === 0) return query
    const brought = await this.#memory.get('', (_changes, asked) => this.#find(asked), signal)
    return { ...query, brought }
  }

  async #find(signal: AbortSignal): Promise<ReadonlySet<Calendar>> {
    const sql = 'SELECT DISTINCT name FROM attributes WHERE list_contains($1, name)'
    const rows = (await this.#select({ sql, params: [{ texts: CALENDAR }] }, signal)) as [Calendar][]
    return new Set(rows.map(([name]) => name))
  }
}
