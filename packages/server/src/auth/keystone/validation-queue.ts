import { Fault } from '../../lib/fault.ts'

/** Who wants a token validated: a caller that is known from before, or somebody at an address. */
export interface Claimant {
  readonly known: boolean
  readonly address: string
}

export interface QueueLimits {
  /** Validations under way at one time. */
  readonly running: number
  /** Of these, for strangers: the rest is always free for known callers. */
  readonly strangers: number
  /** Waiting in all. */
  readonly waiting: number
  /** Waiting of one address. */
  readonly perAddress: number
}

const RETRY_AFTER_SECONDS = 10

/**
 * The order in which tokens are validated, when more come than Keystone is asked about at a time: those of known callers
 * first, in the order of arrival; then those of strangers, in turn by address, so that one that sends many does not keep
 * another waiting. Bounded: what has no place is told to come back.
 */
export class ValidationQueue {
  readonly #limits: QueueLimits
  readonly #known: (() => void)[] = []
  /** By address, the one whose turn is next first. */
  readonly #strangers = new Map<string, (() => void)[]>()
  #waiting = 0
  #running = 0
  #runningStrangers = 0

  constructor(limits: QueueLimits) {
    this.#limits = limits
  }

  /** Does the work when its turn comes. Throws `auth.unavailable` when too many wait. */
  async run<T>({ known, address }: Claimant, work: () => Promise<T>): Promise<T> {
    await this.#turn(known, address)
    try {
      return await work()
    } finally {
      this.#running--
      if (!known) this.#runningStrangers--
      this.#serve()
    }
  }

  #turn(known: boolean, address: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const line = known ? this.#known : (this.#strangers.get(address) ?? [])
      if (this.#waiting >= this.#limits.waiting || (!known && line.length >= this.#limits.perAddress)) {
        reject(
          new Fault(
            'auth.unavailable',
            `Too many tokens wait for Keystone to validate them (${address})`,
            {},
            {
              retryAfterSeconds: RETRY_AFTER_SECONDS,
            },
          ),
        )
        return
      }
      line.push(resolve)
      if (!known) this.#strangers.set(address, line)
      this.#waiting++
      this.#serve()
    })
  }

  #serve(): void {
    while (this.#running < this.#limits.running) {
      const known = this.#known.shift()
      const next = known ?? this.#nextStranger()
      if (!next) return
      this.#running++
      if (!known) this.#runningStrangers++
      this.#waiting--
      next()
    }
  }

  #nextStranger(): (() => void) | undefined {
    if (this.#runningStrangers >= this.#limits.strangers) return undefined
    const [first] = this.#strangers
    if (!first) return undefined
    const [address, line] = first
    // To the end of the round, or out of it.
    this.#strangers.delete(address)
    const next = line.shift()
    if (line.length > 0) this.#strangers.set(address, line)
    return next
  }
}
