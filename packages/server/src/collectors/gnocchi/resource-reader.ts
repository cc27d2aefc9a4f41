import { LRUCache } from 'lru-cache'
import type { Period } from '../../domain/period.ts'
import type { GnocchiClient, ResourceAttributes } from '../../sources/gnocchi/gnocchi-client.ts'
import { chunksOf } from '../../lib/chunks.ts'
import { mapBounded } from '../../lib/map-bounded.ts'
import { REVISION_ATTRIBUTES, ResourceHistory, toHistorySearch } from './resource-history.ts'

export interface HistoryQuestion {
  readonly resourceType: string
  readonly scopes: readonly string[]
  /** From the first period's begin to the last one's end. */
  readonly range: Period
  /** Beside those that every history needs. */
  readonly attributes: readonly string[]
}

export interface ResourceReaderOptions {
  readonly scopeKey: string
  readonly marginSeconds: number
  /** Scopes in one search. */
  readonly maxScopes: number
  readonly concurrency: number
}

/** Metrics of one batch are asked for within seconds; what they share is kept no longer than that. */
const KEPT_MS = 30_000
const KEPT_MAX = 16

interface Reading {
  readonly attributes: ReadonlySet<string>
  /** When it began, counted in readings and marks. */
  readonly tick: number
  readonly history: Promise<ResourceHistory>
}

/** Reads the resources of a type once for all metrics of a batch that need them. */
export class ResourceReader {
  readonly #client: GnocchiClient
  readonly #options: ResourceReaderOptions
  readonly #readings = new LRUCache<string, Reading>({ max: KEPT_MAX, ttl: KEPT_MS, ttlAutopurge: true })
  /** By resource type: all attributes that any metric has asked for, so that one reading is good for every metric. */
  readonly #attributes = new Map<string, Set<string>>()
  #tick = 0

  constructor(client: GnocchiClient, options: ResourceReaderOptions) {
    this.#client = client
    this.#options = options
  }

  /** Stands for this instant, in a call of `read`. */
  mark(): number {
    return ++this.#tick
  }

  /**
   * What is known of the resources. With `since`, it was read after that mark: what somebody else has asked for shortly
   * before is not enough.
   */
  async read(question: HistoryQuestion, signal: AbortSignal, since = 0): Promise<ResourceHistory> {
    const { resourceType, scopes, range, attributes } = question
    const key = JSON.stringify([resourceType, range.begin, range.end, scopes])
    const shared = this.#readings.get(key)
    if (shared && shared.tick > since && attributes.every((name) => shared.attributes.has(name))) {
      try {
        return await shared.history
      } catch {
        // Whoever began it may have given up, which is no reason for us to do so.
        signal.throwIfAborted()
      }
    }
    const wanted =
      this.#attributes.get(resourceType) ?? new Set<string>([...REVISION_ATTRIBUTES, this.#options.scopeKey])
    for (const name of attributes) wanted.add(name)
    this.#attributes.set(resourceType, wanted)
    const history = this.#search(question, [...wanted], signal)
    const reading = { attributes: new Set(wanted), tick: ++this.#tick, history }
    this.#readings.set(key, reading)
    try {
      return await history
    } catch (error) {
      if (this.#readings.peek(key) === reading) this.#readings.delete(key)
      throw error
    }
  }

  async #search(
    { resourceType, scopes, range }: HistoryQuestion,
    attributes: readonly string[],
    signal: AbortSignal,
  ): Promise<ResourceHistory> {
    const { scopeKey, marginSeconds, maxScopes, concurrency } = this.#options
    const rows = await mapBounded([...chunksOf(scopes, maxScopes)], concurrency, async (some) => {
      const search = toHistorySearch(range, { scopeKey, scopes: some, marginSeconds })
      const found: ResourceAttributes[] = []
      const question = { resourceType, search, history: true, attributes, sort: ['id:asc'] }
      for await (const page of this.#client.resources(question, signal)) for (const row of page) found.push(row)
      return found
    })
    return new ResourceHistory(rows.flat(), scopeKey)
  }

  [Symbol.dispose](): void {
    this.#readings.clear()
  }
}
