import type { Instant } from '../domain/period.ts'
import type { Point } from '../domain/point.ts'
import { Fault } from '../lib/fault.ts'
import type { Modules, ModuleState } from '../state/modules.ts'
import type { Rater, RatingModule } from './rating-module.ts'
import { UNPRICED_REASONS, type UnpricedReason, type WhyUnpriced } from './unpriced.ts'

/** All modules that are on, as one. */
export type LoadedRater = Required<Rater>

/** The rating modules that are switched on, one after the other: the higher the priority, the earlier. */
export class RatingPipeline {
  readonly modules: readonly RatingModule[]
  readonly #states: Pick<Modules, 'all'>

  /** `modules` in the order of registration, which decides between equal priorities. */
  constructor(modules: readonly RatingModule[], states: Pick<Modules, 'all'>) {
    this.modules = modules
    this.#states = states
  }

  /**
   * The rules as they stand now, of every module that is on. A module that cannot be loaded throws, and so does one that state
   * says is on and this process does not have (`rating.module_missing`): nothing is ever stored unrated because a module
   * was missing.
   */
  async load(): Promise<LoadedRater> {
    const states = await this.#states.all()
    this.#refuseMissing(states)
    const on = this.modules
      .filter((module) => states.get(module.name)?.enabled)
      .toSorted((a, b) => (states.get(b.name)?.priority ?? 1) - (states.get(a.name)?.priority ?? 1))
    const raters: Rater[] = []
    for (const module of on) raters.push(await module.load())
    return {
      async rate(frames, options) {
        for (const rater of raters) {
          options.signal.throwIfAborted()
          frames = await rater.rate(frames, options)
        }
        return frames
      },
      whyUnpriced: (point, scopeId) => whyUnpriced(raters, point, scopeId),
      whyTypeUnpriced: (type, at) => whyTypeUnpriced(raters, type, at),
    }
  }

  #refuseMissing(states: ReadonlyMap<string, ModuleState>): void {
    const known = new Set(this.modules.map((module) => module.name))
    const missing = [...states].filter(([name, { enabled }]) => enabled && !known.has(name)).map(([name]) => name)
    if (missing.length === 0) return
    const names = missing.join(', ')
    throw new Fault(
      'rating.module_missing',
      `state says that the rating module ${names} is on, but this process does not have it: name it in [rating] modules, ` +
        `or switch it off where it is known; until then nothing is rated, because it would be stored without its part of the price`,
      { missing, known: [...known] },
    )
  }
}

/** When no module has priced the point: the most specific of their reasons. */
function whyUnpriced(raters: readonly Rater[], point: Point, scopeId: string | undefined): WhyUnpriced | undefined {
  let why: WhyUnpriced = { reason: 'no-module' }
  for (const rater of raters) {
    if (!rater.whyUnpriced) continue
    const own = rater.whyUnpriced(point, scopeId)
    if (own === undefined) return undefined
    if (rank(own.reason) > rank(why.reason)) why = own
  }
  return why
}

function whyTypeUnpriced(raters: readonly Rater[], type: string, at: Instant): UnpricedReason | undefined {
  let why: UnpricedReason = 'no-module'
  for (const rater of raters) {
    if (!rater.whyTypeUnpriced) continue
    const own = rater.whyTypeUnpriced(type, at)
    if (own === undefined) return undefined
    if (rank(own) > rank(why)) why = own
  }
  return why
}

function rank(reason: UnpricedReason): number {
  return UNPRICED_REASONS.indexOf(reason)
}
