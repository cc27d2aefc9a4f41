import type { Point } from '../../domain/point.ts'
import type { Series } from '../../domain/series.ts'
import { byteCache } from '../../lib/byte-cache.ts'
import { type Identity, identityBytes, refuseOther, toIdentity } from '../series-identity.ts'
import { textField } from './tab-separated.ts'

/** The identities of some 50,000 pushed series are remembered as text; others are looked up in the store. */
const REMEMBERED_BYTES = 48 * 1024 * 1024

/** Looks identities up in the store by their ids. */
export type LookUp = (ids: readonly bigint[]) => Promise<ReadonlyMap<bigint, Identity>>

/** Knows which series are in the store, so that only new ones are written. Rows of series are never removed from it. */
export class WrittenSeries {
  /** The fast way, for series objects that come again from period to period (`SeriesRegistry`). */
  readonly #objects = new WeakSet<Series>()
  readonly #fields = new WeakMap<Series, string>()
  readonly #byId = byteCache<bigint, Identity>(REMEMBERED_BYTES, identityBytes)

  /** Those of the points' series that are not in the store yet, each once. Throws a `Fault` when two share an id. */
  async fresh(points: readonly Point[], lookUp: LookUp): Promise<Series[]> {
    const missing = new Map<bigint, Series>()
    for (const { series } of points) {
      if (this.#objects.has(series)) continue
      const known = this.#byId.get(series.id)
      const other = missing.get(series.id)
      if (known) refuseOther(series, known)
      else if (other && other !== series) refuseOther(series, toIdentity(other))
      if (known) this.#objects.add(series)
      else missing.set(series.id, series)
    }
    if (missing.size === 0) return []
    const stored = await lookUp([...missing.keys()])
    const fresh: Series[] = []
    for (const series of missing.values()) {
      const known = stored.get(series.id)
      if (!known) fresh.push(series)
      else {
        refuseOther(series, known)
        this.remember([series])
      }
    }
    return fresh
  }

  /** Scope, type, unit and id as they stand in every line of the series' points. */
  fields(series: Series): string {
    const known = this.#fields.get(series)
    if (known !== undefined) return known
    const texts = [series.scopeId, series.type, series.unit].map(textField)
    const fields = [...texts, String(series.id)].join('\t')
    this.#fields.set(series, fields)
    return fields
  }

  /** Once they are written. */
  remember(written: readonly Series[]): void {
    for (const series of written) {
      this.#objects.add(series)
      this.#byId.set(series.id, toIdentity(series))
    }
  }
}
