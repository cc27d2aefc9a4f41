import type { LRUCache } from 'lru-cache'
import { byteCache, textBytes } from '../lib/byte-cache.ts'
import { Fault } from '../lib/fault.ts'
import { longText, TEXT_BYTES_MAX } from './long-text.ts'
import { seriesBytes } from './series-bytes.ts'
import { type Series, type SeriesIdentity, toSeries } from './series.ts'

/**
 * Remembers the series that were seen last, so that the same identity is the same object from period to period:
 * what is remembered per series (a matched rule, "written already") hangs on that object.
 */
export class SeriesRegistry {
  /** A text of a series may have so many bytes. */
  readonly textBytesMax: number
  readonly #byKey: LRUCache<string, Series>

  /** `bytesMax`: what is remembered in all, as it is weighed; some 400,000 series of usual length by default. */
  constructor({ bytesMax = 512 * 1024 * 1024, textBytesMax = TEXT_BYTES_MAX } = {}) {
    this.textBytesMax = textBytesMax
    this.#byKey = byteCache(bytesMax, (series, key) => seriesBytes(series) + textBytes(key))
  }

  /** Bytes that are remembered, as they are weighed. */
  get bytes(): number {
    return this.#byKey.calculatedSize
  }

  /**
   * `key` must stand for the identity: equal keys, equal identities. `identity` is called only for a new key. Throws a fault
   * that names the scope when one of the texts is longer than is kept.
   */
  intern(key: string, identity: () => SeriesIdentity): Series {
    const known = this.#byKey.get(key)
    if (known) return known
    const given = identity()
    this.#refuseLong(given)
    const series = toSeries(given)
    this.#byKey.set(key, series)
    return series
  }

  #refuseLong(identity: SeriesIdentity): void {
    const long = longText(identity, this.textBytesMax)
    if (!long) return
    const { scopeId, type } = identity
    const where = long.name === undefined ? long.part : `the attribute ${long.name}`
    throw new Fault(
      'collect.invalid_answer',
      `${where} of a resource of the type ${type.slice(0, 100)} in scope ${scopeId.slice(0, 100)} has ${long.reason}`,
      { type: type.slice(0, 100), part: long.part, name: long.name },
      { scopeIds: [scopeId] },
    )
  }
}
