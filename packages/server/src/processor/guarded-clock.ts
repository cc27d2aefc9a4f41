import { type Anchor, BelievedTime } from '../domain/believed-time.ts'
import type { Instant } from '../domain/period.ts'
import type { Boot } from '../lib/boot.ts'
import { readClock, saveClock } from '../state/clocks.ts'
import type { StateDatabase } from '../state/database.ts'
import { endPutOff } from '../state/put-off.ts'
import { readScopesAhead } from '../state/scopes-ahead.ts'
import type { Clock } from './clock.ts'
import type { ProcessorEvents } from './events.ts'

export interface GuardedClockParts {
  readonly db: StateDatabase
  /** What the time is by state: one clock for all processors. */
  readonly stateTime: () => Promise<Instant>
  readonly boot: () => Promise<Boot>
  readonly sleep: Clock['sleep']
  readonly events: Pick<ProcessorEvents, 'clockAhead' | 'clockBelieved' | 'scopesAhead' | 'clockNotKept'>
}

export interface GuardedClockOptions {
  /** The operator's word that the clock is right: the first reading is believed whatever was believed before. */
  readonly trust: boolean
  /** The longest back-off there is, and what a lease lasts. */
  readonly retrySeconds: number
  readonly leaseSeconds: number
}

/** A clock that went back by so much was fast before. */
const BACK_SECONDS = 60

/**
 * The time by which it is decided what is due. It is state's, and does not run ahead of what was believed last: see `BelievedTime`.
 * What is believed is kept in state, and so is what is not, so that a restart neither makes a fast clock right nor begins the
 * quarter of an hour anew. While state does not answer it goes on by the uptime.
 */
export class GuardedClock implements Clock {
  readonly #parts: GuardedClockParts
  readonly #options: GuardedClockOptions
  #believed: BelievedTime | undefined
  #ahead = 0
  #last: Anchor | undefined
  #scopesAhead = 0

  constructor(parts: GuardedClockParts, options: GuardedClockOptions) {
    this.#parts = parts
    this.#options = options
  }

  readonly sleep: Clock['sleep'] = (seconds, signal) => this.#parts.sleep(seconds, signal)

  readonly now = async (): Promise<Instant> => {
    const { stateTime, boot, events } = this.#parts
    const { id, uptime } = await boot()
    try {
      return Math.floor(await this.#read(id, { time: await stateTime(), uptime }))
    } catch (error) {
      events.clockNotKept(error)
      const time = this.#believed?.at(uptime)
      // Any other time would let scopes begin, and periods be due, that are not.
      if (time === undefined) throw error
      return Math.floor(time)
    }
  }

  async #read(bootId: string, reading: Anchor): Promise<number> {
    const { db, events } = this.#parts
    const known = this.#options.trust || this.#believed ? undefined : await readClock(db, bootId)
    const believed = (this.#believed ??= new BelievedTime(known?.anchor, known?.doubt))
    const before = { anchor: believed.anchor, doubt: believed.doubt }
    const { time, aheadSeconds } = believed.read(reading)
    if (aheadSeconds > 0 !== this.#ahead > 0) {
      if (aheadSeconds > 0) events.clockAhead(aheadSeconds)
      else events.clockBelieved()
    }
    this.#ahead = aheadSeconds
    const { anchor, doubt } = believed
    if (anchor !== before.anchor || doubt !== before.doubt) await saveClock(db, bootId, { anchor: anchor!, doubt })
    await this.#endPutOff(reading)
    await this.#tellAhead(time)
    return time
  }

  /** At the start, and whenever the clock was put back. */
  async #endPutOff(reading: Anchor): Promise<void> {
    const last = this.#last
    this.#last = reading
    const passed = last ? reading.time - last.time - (reading.uptime - last.uptime) : -Infinity
    if (passed < -BACK_SECONDS) await endPutOff(this.#parts.db, this.#options)
  }

  async #tellAhead(time: number): Promise<void> {
    const ahead = await readScopesAhead(this.#parts.db, Math.floor(time))
    if (ahead.count !== this.#scopesAhead) this.#parts.events.scopesAhead(ahead, Math.floor(time))
    this.#scopesAhead = ahead.count
  }
}
