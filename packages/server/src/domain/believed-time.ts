/** A moment by which later ones are judged: what time it was when the machine had been up for so long. Both in seconds. */
export interface Anchor {
  readonly time: number
  readonly uptime: number
}

/** That the clock is off by about so much, ahead if positive, and since when by the uptime. In seconds. */
export interface Doubt {
  readonly offSeconds: number
  readonly since: number
}

/** What a clock says, and what is believed. */
export interface Belief {
  readonly time: number
  /** How far the clock runs ahead of what is believed; 0 when it is believed. */
  readonly aheadSeconds: number
}

/** A clock may be so far from where the uptime puts it: it is set right now and then, and the two drift apart. */
const BOUND_SECONDS = 300
/** A clock that is further ahead is believed when it has been so, by the uptime, for so long: the machine was suspended. */
const STEADY_SECONDS = 900
/** Ahead by the same, give or take. */
const SAME_SECONDS = 60

/**
 * What time it is, by a clock that may suddenly be fast: then it goes on from what was believed before, by how long the machine has
 * been up, until the clock is right again or has been where it is for a quarter of an hour. A clock that is slow is believed at once:
 * by it too little is due, never too much.
 */
export class BelievedTime {
  #anchor: Anchor | undefined
  #doubt: Doubt | undefined

  /** Goes on from what was believed before; without an anchor the first reading is believed. */
  constructor(anchor?: Anchor, doubt?: Doubt) {
    this.#anchor = anchor
    this.#doubt = doubt
  }

  /** By what later readings are judged; it changes every quarter of an hour, and when a clock is believed anew. */
  get anchor(): Anchor | undefined {
    return this.#anchor
  }

  /** Why the clock is not believed, or was not when it was slow; undefined while all is well. */
  get doubt(): Doubt | undefined {
    return this.#doubt
  }

  /** What is believed without asking the clock; undefined before the first reading. */
  at(uptime: number): number | undefined {
    return this.#anchor && this.#anchor.time + (uptime - this.#anchor.uptime)
  }

  read({ time, uptime }: Anchor): Belief {
    // An uptime that is less than it was is another machine's, or a container's of its own.
    if (this.#anchor && uptime < this.#anchor.uptime) this.#anchor = undefined
    const expected = this.at(uptime)
    if (expected === undefined) return this.#believe({ time, uptime })
    const off = time - expected
    if (Math.abs(off) <= BOUND_SECONDS) {
      this.#doubt = undefined
      // Not at each reading: many small steps would make a large one.
      if (uptime - this.#anchor!.uptime >= STEADY_SECONDS) return this.#believe({ time, uptime })
      return { time, aheadSeconds: 0 }
    }
    if (!this.#doubt || Math.abs(off - this.#doubt.offSeconds) > SAME_SECONDS) {
      this.#doubt = { offSeconds: off, since: uptime }
    }
    if (uptime - this.#doubt.since >= STEADY_SECONDS) return this.#believe({ time, uptime })
    return off > 0 ? { time: expected, aheadSeconds: off } : { time, aheadSeconds: 0 }
  }

  #believe(anchor: Anchor): Belief {
    this.#anchor = anchor
    this.#doubt = undefined
    return { time: anchor.time, aheadSeconds: 0 }
  }
}
