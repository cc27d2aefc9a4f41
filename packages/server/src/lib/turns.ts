import { setMaxListeners } from 'node:events'
import { Fault } from './fault.ts'

export interface TurnLimits {
  /** Light questions that run at a time. */
  readonly light: number
  /** Dear ones that run at a time beside them. */
  readonly dear: number
  /** Questions of one client that wait; one more is refused. */
  readonly waitingMax: number
  /** Questions of all clients that wait; one more is refused, whoever asks it. */
  readonly waitingOfAllMax: number
}

type Lane = 'light' | 'dear'

interface Client {
  /** A turn of the client's has not ended. */
  isServed: boolean
  /** Milliseconds of places held, of which half is forgotten every `HALF_LIFE_MS`. */
  used: number
  usedAt: number
  waiting: number
}

interface Waiting {
  readonly client: Client
  readonly lane: Lane
  serve(): void
}

const HALF_LIFE_MS = 10_000
/** Who is refused for others comes back when some of them have their answers. */
const BUSY_SECONDS = 5
/** Clients that are known. Beyond it those are forgotten that ask nothing, which can only favour them. */
const CLIENTS_MAX = 10_000

/** The right to ask one question. It begins with a light place. */
export interface Turn {
  /** Milliseconds of places that the client has held, of which half is forgotten every ten seconds. */
  readonly used: number
  /** Gives the place back and waits for a dear one. Rejects with the signal's reason; the turn goes on without a place. */
  becomeDear(): Promise<void>
  /** Gives the place back, while the client's next question still waits. Again is harmless. */
  rest(): void
  /** The client's next question may come. Again is harmless. */
  end(): void
}

/**
 * Shares something scarce among clients: one question of each at a time, whose client used least goes first, and dear
 * questions have places of their own, so that a light one never waits for them.
 */
export class Turns {
  readonly #limits: TurnLimits
  readonly #now: () => number
  readonly #clients = new Map<string, Client>()
  readonly #taken = { light: 0, dear: 0 }
  /** In the order of arrival. */
  readonly #waiting: Waiting[] = []

  /** `now` gives milliseconds that only grow. */
  constructor(limits: TurnLimits, now: () => number = () => performance.now()) {
    this.#limits = limits
    this.#now = now
  }

  /**
   * Waits for the client's turn. Rejects with the signal's reason; throws `request.too_many` when as many of the client's
   * questions wait as may, and `request.busy` when as many of all clients do.
   */
  async take(name: string, signal: AbortSignal): Promise<Turn> {
    const client = this.#clientOf(name)
    if (client.waiting >= this.#limits.waitingMax) {
      const message = `${client.waiting} questions of yours wait for an answer already; ask again when they are answered.`
      throw new Fault('request.too_many', message, {}, { retryAfterSeconds: 1 })
    }
    if (this.#waiting.length >= this.#limits.waitingOfAllMax) {
      const message = `${this.#waiting.length} questions wait for an answer, and no more are taken; ask again in a moment.`
      throw new Fault('request.busy', message, {}, { retryAfterSeconds: BUSY_SECONDS })
    }
    await this.#wait(client, 'light', signal)
    return this.#turnOf(client, signal)
  }

  #turnOf(client: Client, signal: AbortSignal): Turn {
    let place: { readonly lane: Lane; readonly since: number } | undefined = { lane: 'light', since: this.#now() }
    let isOver = false
    const rest = (): void => {
      if (!place) return
      this.#charge(client, this.#now() - place.since)
      this.#taken[place.lane]--
      place = undefined
      this.#serve()
    }
    const used = (): number => this.#used(client)
    return {
      get used() {
        return used()
      },
      becomeDear: async () => {
        rest()
        await this.#wait(client, 'dear', signal)
        place = { lane: 'dear', since: this.#now() }
      },
      rest,
      end: () => {
        if (isOver) return
        isOver = true
        client.isServed = false
        if (place) rest()
        else this.#serve()
      },
    }
  }

  async #wait(client: Client, lane: Lane, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    await new Promise<void>((resolve, reject) => {
      const waiting: Waiting = {
        client,
        lane,
        serve: () => {
          leave()
          resolve()
        },
      }
      const leave = (): void => {
        signal.removeEventListener('abort', giveUp)
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1)
        client.waiting--
      }
      const giveUp = (): void => {
        leave()
        reject(signal.reason as Error)
      }
      setMaxListeners(0, signal)
      signal.addEventListener('abort', giveUp, { once: true })
      this.#waiting.push(waiting)
      client.waiting++
      this.#serve()
    })
  }

  #serve(): void {
    for (const lane of ['light', 'dear'] as const) {
      while (this.#taken[lane] < this.#limits[lane]) {
        const next = this.#next(lane)
        if (!next) break
        this.#taken[lane]++
        next.client.isServed = true
        next.serve()
      }
    }
  }

  /** Of those whose turn it may be, whose client used least; of one client, who came first. */
  #next(lane: Lane): Waiting | undefined {
    let next: Waiting | undefined
    for (const waiting of this.#waiting) {
      // Who waits for a dear place has the client's turn already.
      if (waiting.lane !== lane || (lane === 'light' && waiting.client.isServed)) continue
      if (!next || this.#used(waiting.client) < this.#used(next.client)) next = waiting
    }
    return next
  }

  #charge(client: Client, milliseconds: number): void {
    client.used = this.#used(client) + milliseconds
    client.usedAt = this.#now()
  }

  #used(client: Client): number {
    return client.used * 0.5 ** ((this.#now() - client.usedAt) / HALF_LIFE_MS)
  }

  #clientOf(name: string): Client {
    const known = this.#clients.get(name)
    if (known) return known
    if (this.#clients.size >= CLIENTS_MAX) this.#forgetIdle()
    const client: Client = { isServed: false, used: 0, usedAt: this.#now(), waiting: 0 }
    this.#clients.set(name, client)
    return client
  }

  #forgetIdle(): void {
    for (const [name, { isServed, waiting }] of this.#clients) {
      if (!isServed && waiting === 0) this.#clients.delete(name)
    }
  }
}
