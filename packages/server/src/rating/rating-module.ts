import type { Instant } from '../domain/period.ts'
import type { Frame, Point } from '../domain/point.ts'
import type { TimeZone } from '../domain/time-zone.ts'
import type { Route } from '../http/route.ts'
import type { Plugin } from '../lib/plugin.ts'
import type { StateDatabase } from '../state/database.ts'
import type { RuleDeps } from './module-config.ts'
import type { UnpricedReason, WhyUnpriced } from './unpriced.ts'

/** Puts prices on points. Modules are called by priority, each with what the one before it gave. */
export interface RatingModule extends Partial<AsyncDisposable> {
  /** `hashmap`: CloudKitty's module id. */
  readonly name: string
  /** As CloudKitty words it: clients show it. */
  readonly description: string
  /** CloudKitty's "hot-config": it has rules that are set through the API. */
  readonly configurable: boolean
  /** The rater for the rules as they stand in state now. Called before every batch and quote; cheap when nothing changed. */
  load(): Promise<Rater>
  /** Its own routes, all below `/v1/rating/module_config/<name>/`; they answer under `/v1/billing/` too. */
  readonly routes?: readonly Route<RuleDeps>[]
  /** Names of the services that it has rules for. */
  services?(): Promise<readonly string[]>
}

/** Rules of one revision, compiled. Pure but for what it remembers to be fast; safe to use for many frames. */
export interface Rater {
  /**
   * The frames, in their order, with their points priced by the rules valid at each period's begin. The arguments are not
   * changed. A point that cannot be priced throws a `Fault` (`rating.*`) with `scopeIds`, and metric type and
   * period in its detail. Rating that takes long, or leaves the process, ends when the signal is aborted, and throws its reason.
   */
  rate(frames: readonly Frame[], options: RateOptions): readonly Frame[] | Promise<readonly Frame[]>
  /**
   * Why no rule of this module applies to a point of a scope (undefined: of nobody in particular); undefined when one does, even
   * if it makes the point cost nothing. Absent: this module sets no prices. Asked only of points that `rate` has seen.
   */
  whyUnpriced?(point: Point, scopeId: string | undefined): WhyUnpriced | undefined
  /** As `whyUnpriced`, of all usage of a type at an instant, whatever its attributes: what is known before there is any. */
  whyTypeUnpriced?(type: string, at: Instant): UnpricedReason | undefined
}

/** @public */
export interface RateOptions {
  readonly signal: AbortSignal
}

/** What a rating module may use of the rest of the program. */
export interface RatingContext {
  readonly db: StateDatabase
  /** Whose calendar days, weeks, months and years are told by. */
  readonly zone: TimeZone
}

/** A rating module as its folder defines it. Its section has its name: `[hashmap]`. What it makes is called as it is. */
export interface RatingDefinition<Options> extends Plugin<RatingContext, RatingModule, Options> {
  /**
   * The folder of the migrations of its own tables, as drizzle-kit makes them, which are brought up to date when state is
   * opened. The tables of modules of this program are among those of state.
   */
  readonly migrations?: string
}

/** A rating module whose options only itself knows. */
export type RatingPlugin = RatingDefinition<unknown>

export function defineRatingModule<Options>(definition: RatingDefinition<Options>): RatingPlugin {
  return definition
}
