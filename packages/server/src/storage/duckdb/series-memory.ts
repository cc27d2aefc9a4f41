import type { LRUCache } from 'lru-cache'
import { byteCache, textBytes } from '../../lib/byte-cache.ts'
import { SingleFlight } from '../../lib/single-flight.ts'

export interface SeriesMemoryOptions<T> {
  /** Grows whenever series have come or gone, after they can be seen and before points of theirs are in any snapshot. */
  readonly changes: () => number
  /** What is remembered in all, keys included. */
  readonly bytesMax: number
  readonly bytesOf: (value: T) => number
}

/**
 * What was found out about series, remembered until series come or go: tenants ask for the same again and again. Who asks for
 * what is being found out shares it, and when all of them have left, it ends.
 */
export class SeriesMemory<T extends {}> {
  readonly #changes: () => number
  readonly #remembered: LRUCache<string, { readonly changes: number; readonly value: T }>
  readonly #asked = new SingleFlight<T>({ endAbandoned: true })

  constructor({ changes, bytesMax, bytesOf }: SeriesMemoryOptions<T>) {
    this.#changes = changes
    this.#remembered = byteCache(bytesMax, ({ value }, key) => bytesOf(value) + textBytes(key))
  }

  /** Bytes that are remembered, as they are weighed. */
  get bytes(): number {
    return this.#remembered.calculatedSize
  }

  /** `find` is given how often series had come or gone when it began. */
  async get(
    key: string,
    find: (changes: number, signal: AbortSignal) => Promise<T>,
    signal: AbortSignal | undefined,
  ): Promise<T> {
    const changes = this.#changes()
    const known = this.#remembered.get(key)
    if (known?.changes === changes) return known.value
    return this.#asked.run(
      `${changes} ${key}`,
      async (abandoned) => {
        const value = await find(changes, abandoned)
        this.#remembered.set(key, { changes, value })
        return value
      },
      signal,
    )
  }
}
