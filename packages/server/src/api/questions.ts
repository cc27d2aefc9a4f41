import type { Point } from '../domain/point.ts'
import { seriesBytes } from '../domain/series-bytes.ts'
import type { Snapshot } from '../domain/snapshot.ts'
import { tooManyRows } from '../http/within-rows.ts'
import type { Turn, Turns } from '../lib/turns.ts'
import type { PointStore, RetrieveQuery, Total, TotalQuery, TotalRow } from '../storage/point-store.ts'

/** Who asks. */
export interface Client {
  /** Whose share of the engine a question takes. */
  readonly client: string
  /** Fires when nobody waits for the answer any more. */
  readonly signal: AbortSignal
}

export interface QuestionLimits {
  /** More rows or points are not sent in one answer. */
  readonly rowsMax: number
  /** From so many of the engine's rows on a question is dear, `DEAR_ROWS` by default. */
  readonly dearRows?: number
}

export interface Totals {
  /** Number of groups before paging. */
  readonly total: number
  /** Of the page, in lists as they are taken. */
  readonly rows: AsyncIterable<readonly TotalRow[]>
  /** How many these are. */
  readonly count: number
}

export interface Points {
  /** Number of points before paging. */
  readonly total: number
  readonly pages: AsyncIterable<readonly Point[]>
}

type Store = Pick<PointStore, 'total' | 'streamTotal' | 'weigh' | 'retrieve'>

/** A page of up to so many rows is read at once, rather than as the client takes it. */
export const FEW_ROWS = 1000
/** Points in memory at a time: of the first page, of any other, and what the series of these may take. */
const FIRST_PAGE = 1000
const PAGE_MAX = 20_000
const PAGE_BYTES = 16 * 1024 * 1024
/** As many of the engine's rows take some 100 ms. */
const DEAR_ROWS = 100_000
/** Of a client that has used so much of the engine within the last seconds every question counts as dear. */
const HEAVY_MS = 3000

/**
 * What the API asks of the points store: each client in its turn, dear questions apart from light ones, within bounds, and
 * no longer than somebody waits for the answer.
 */
export class Questions {
  readonly #store: Store
  readonly #turns: Turns
  readonly #limits: Required<QuestionLimits>

  constructor(store: Store, turns: Turns, limits: QuestionLimits) {
    this.#store = store
    this.#turns = turns
    this.#limits = { dearRows: DEAR_ROWS, ...limits }
  }

  /** A page of at most `FEW_ROWS`. */
  async few(query: TotalQuery & { readonly limit: number }, snapshot: Snapshot, asker: Client): Promise<Total> {
    const turn = await this.#begin(query, asker)
    try {
      return await this.#store.total(query, snapshot, asker.signal)
    } finally {
      turn.end()
    }
  }

  /** Throws `request.invalid` when the answer would have more rows than are sent. */
  async total(query: TotalQuery, snapshot: Snapshot, asker: Client): Promise<Totals> {
    const { signal } = asker
    const turn = await this.#begin(query, asker)
    try {
      const { total, rows } = await this.#store.streamTotal(query, snapshot, signal)
      turn.rest()
      const count = rowsOf(total, query)
      const letGo = (): void => {
        turn.end()
        rows.return?.().catch(() => {})
      }
      try {
        signal.throwIfAborted()
        this.#requireFew('rows', count)
      } catch (error) {
        letGo()
        throw error
      }
      // Who leaves before the first row was asked for lets go as well.
      signal.addEventListener('abort', letGo, { once: true })
      return { total, count, rows: leaving(rows, letGo) }
    } catch (error) {
      turn.end()
      throw error
    }
  }

  /** Each page is a question of its own. Throws `request.invalid` when there would be more points than are sent. */
  async points(query: RetrieveQuery, snapshot: Snapshot, asker: Client): Promise<Points> {
    const read = async (offset: number, limit: number) => {
      const turn = await this.#begin(query, asker)
      try {
        return await this.#store.retrieve({ ...query, offset, limit }, snapshot, asker.signal)
      } finally {
        turn.end()
      }
    }
    const first = await read(query.offset, Math.min(FIRST_PAGE, query.limit ?? Infinity))
    const expected = rowsOf(first.total, query)
    this.#requireFew('points', expected)
    async function* pages() {
      let page = first.points
      for (let got = 0; ;) {
        yield page
        got += page.length
        if (page.length === 0 || got >= expected) return
        page = (await read(query.offset + got, Math.min(expected - got, pageAfter(page)))).points
      }
    }
    return { total: first.total, pages: pages() }
  }

  async #begin(query: RetrieveQuery & Partial<Pick<TotalQuery, 'groupby'>>, { client, signal }: Client): Promise<Turn> {
    const turn = await this.#turns.take(client, signal)
    try {
      const isDear = turn.used > HEAVY_MS || ((await this.#store.weigh?.(query, signal)) ?? 0) >= this.#limits.dearRows
      if (isDear) await turn.becomeDear()
      return turn
    } catch (error) {
      turn.end()
      throw error
    }
  }

  #requireFew(what: string, count: number): void {
    const { rowsMax } = this.#limits
    if (count <= rowsMax) return
    throw tooManyRows(what, count, rowsMax)
  }
}

function rowsOf(total: number, { offset, limit = Infinity }: Pick<RetrieveQuery, 'offset' | 'limit'>): number {
  return Math.max(0, Math.min(total - offset, limit))
}

/** Points that the next page may have, if their series are like those of this one. */
function pageAfter(page: readonly Point[]): number {
  const bytes = page.reduce((sum, { series }) => sum + seriesBytes(series), 0)
  return Math.min(PAGE_MAX, Math.max(1, Math.floor((PAGE_BYTES * page.length) / bytes)))
}

async function* leaving<T>(rows: AsyncIterable<T>, letGo: () => void): AsyncGenerator<T> {
  try {
    yield* rows
  } finally {
    letGo()
  }
}
