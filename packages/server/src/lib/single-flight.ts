interface Run<T> {
  readonly answer: Promise<T>
  /** Fires when nobody waits any more. */
  readonly abandoned: AbortController
  waiting: number
}

/** One run at a time per key, shared by all who ask for it meanwhile. A waiter that gives up does not stop it for others. */
export class SingleFlight<T> {
  readonly #running = new Map<string, Run<T>>()
  readonly #endAbandoned: boolean

  /** With `endAbandoned`, the run's signal fires when all have given up, and who asks then has a new one. */
  constructor({ endAbandoned = false }: { readonly endAbandoned?: boolean } = {}) {
    this.#endAbandoned = endAbandoned
  }

  get size(): number {
    return this.#running.size
  }

  has(key: string): boolean {
    return this.#running.has(key)
  }

  /** What the run under way gives, or else a new one. Rejects with the signal's reason as soon as it is aborted. */
  async run(key: string, start: (abandoned: AbortSignal) => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    signal?.throwIfAborted()
    const run = this.#running.get(key) ?? this.#start(key, start)
    run.waiting++
    return signal ? untilAborted(run.answer, signal, () => this.#leave(key, run, signal.reason)) : run.answer
  }

  #start(key: string, start: (abandoned: AbortSignal) => Promise<T>): Run<T> {
    const abandoned = new AbortController()
    const answer = start(abandoned.signal).finally(() => this.#forget(key, run))
    const run: Run<T> = { answer, abandoned, waiting: 0 }
    // When every waiter has given up, nobody hears of a failure; the next one to ask will.
    answer.catch(() => undefined)
    this.#running.set(key, run)
    return run
  }

  #leave(key: string, run: Run<T>, reason: unknown): void {
    run.waiting--
    if (run.waiting > 0 || !this.#endAbandoned) return
    this.#forget(key, run)
    run.abandoned.abort(reason)
  }

  #forget(key: string, run: Run<T>): void {
    if (this.#running.get(key) === run) this.#running.delete(key)
  }
}

function untilAborted<T>(promise: Promise<T>, signal: AbortSignal, left: () => void): Promise<T> {
  return new Promise((resolve, reject) => {
    const leave = (): void => {
      reject(signal.reason as Error)
      left()
    }
    signal.addEventListener('abort', leave, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave))
  })
}
