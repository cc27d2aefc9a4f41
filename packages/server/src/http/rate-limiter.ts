import { LRUCache } from 'lru-cache'

export interface RateLimit {
  /** Requests a second that a client may send in the long run. */
  readonly perSecond: number
  /** Requests that it may send at once after a pause. */
  readonly burst: number
}

interface Bucket {
  readonly tokens: number
  readonly at: number
}

/** Clients that are remembered. Beyond it the one that asked least recently starts anew, which can only favour it. */
const CLIENTS_MAX = 10_000

/** A token bucket for each client. */
export class RateLimiter {
  readonly #limit: RateLimit
  readonly #now: () => number
  readonly #buckets = new LRUCache<string, Bucket>({ max: CLIENTS_MAX })

  /** `now` gives milliseconds that only grow. */
  constructor(limit: RateLimit, now: () => number = () => performance.now()) {
    this.#limit = limit
    this.#now = now
  }

  /** Takes one request of a client; how many seconds it has to wait instead, 0 when it need not. */
  take(client: string): number {
    const { perSecond, burst } = this.#limit
    const now = this.#now()
    const last = this.#buckets.get(client) ?? { tokens: burst, at: now }
    const tokens = Math.min(burst, last.tokens + ((now - last.at) / 1000) * perSecond)
    const granted = tokens >= 1
    this.#buckets.set(client, { tokens: granted ? tokens - 1 : tokens, at: now })
    return granted ? 0 : (1 - tokens) / perSecond
  }

  /** Gives back what `take` has taken. */
  giveBack(client: string): void {
    const last = this.#buckets.get(client)
    if (last) this.#buckets.set(client, { ...last, tokens: Math.min(this.#limit.burst, last.tokens + 1) })
  }

  /** How many clients are remembered. */
  get size(): number {
    return this.#buckets.size
  }
}
