/** How much a batch may take; learned from the batches before it. */
export interface BatchBounds {
  /** Points that a batch should hold at most. */
  readonly maxPoints: number
  readonly maxScopes: number
  readonly maxPeriods: number
}

/** Periods of a batch grow by this factor at most: a cloud that was empty so far may be full from now on. */
const GROWTH = 32

/**
 * Sizes batches: by the points that the last ones brought, smaller after a failure, growing again with success. A source
 * that is slow or refuses is asked for less at a time.
 */
export class BatchLimits {
  readonly #bounds: BatchBounds
  #scopes: number
  #periods = 1
  /** Points per scope and period, of the batch that brought most lately. */
  #density = 0

  constructor(bounds: BatchBounds) {
    this.#bounds = bounds
    this.#scopes = bounds.maxScopes
  }

  get scopes(): number {
    return this.#scopes
  }

  /** Periods for a batch of so many scopes. */
  periods(scopes: number): number {
    const fitting = this.#density > 0 ? Math.floor(this.#bounds.maxPoints / (this.#density * scopes)) : Infinity
    return Math.max(1, Math.min(this.#periods, fitting, this.#bounds.maxPeriods))
  }

  succeeded(scopes: number, periods: number, points: number): void {
    const density = points / (scopes * periods)
    this.#density = Math.max(density, this.#density * 0.75)
    this.#periods = Math.min(this.#bounds.maxPeriods, Math.max(this.#periods, periods * GROWTH))
    this.#scopes = Math.min(this.#bounds.maxScopes, this.#scopes * 2)
  }

  /** False when the batch was of one scope and one period already: smaller is not to be had. */
  shrink(scopes: number, periods: number): boolean {
    this.#periods = Math.max(1, Math.floor(periods / 4))
    this.#scopes = periods > 1 ? scopes : Math.max(1, Math.floor(scopes / 4))
    return scopes > 1 || periods > 1
  }
}
