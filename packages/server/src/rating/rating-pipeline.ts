import type { Modules } from '../state/modules.ts'
import type { Rater, RatingModule } from './rating-module.ts'

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
   * The rules as they stand now, of every module that is on. A module that cannot be loaded throws: nothing is ever
   * stored unrated because a module was missing.
   */
  async load(): Promise<Rater> {
    const states = await this.#states.all()
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
    }
  }
}
