import type { Frame } from '../domain/point.ts'

/** Puts prices on points. Modules are called by priority, each with what the one before it gave. */
export interface RatingModule {
  /** `hashmap`: CloudKitty's module id. */
  readonly name: string
  /** As CloudKitty words it: clients show it. */
  readonly description: string
  /** CloudKitty's "hot-config": it has rules that are set through the API. */
  readonly configurable: boolean
  /** The rater for the rules as they stand in state now. Called before every batch and quote; cheap when nothing changed. */
  load(): Promise<Rater>
}

/** Rules of one revision, compiled. Pure but for what it remembers to be fast; safe to use for many frames. */
export interface Rater {
  /**
   * The frames, in their order, with their points priced by the rules valid at each period's begin. The arguments are not
   * changed. A point that cannot be priced throws a `Fault` (`rating.*`) with `scopeIds`, and metric type and
   * period in its detail. Rating that takes long, or leaves the process, ends when the signal is aborted, and throws its reason.
   */
  rate(frames: readonly Frame[], options: RateOptions): readonly Frame[] | Promise<readonly Frame[]>
}

export interface RateOptions {
  readonly signal: AbortSignal
}
