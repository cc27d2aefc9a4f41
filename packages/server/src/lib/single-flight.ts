/** One run at a time per key, shared by all who ask for it meanwhile. A waiter that gives up does not stop it for others. */
export class SingleFlight<T> {
  readonly #running = new Map<string, Promise<T>>()

  get size(): number {
    return this.#running.size
  }

  has(key: string): boolean {
    return this.#running.has(key)
  }

  /** What the run under way gives, or else a new one. Rejects with the signal's reason as soon as it is aborted. */
  async run(key: string, start: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    signal?.throwIfAborted()
    let running = this.#running.get(key)
    if (!running) {
      running = start().finally(() => this.#running.delete(key))
      // When every waiter has given up, nobody hears of a failure; the next one to ask will.
      running.catch(() => undefined)
      this.#running.set(key, running)
    }
    return signal ? untilAborted(running, signal) : running
  }
}

function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const leave = (): void => reject(signal.reason as Error)
    signal.addEventListener('abort', leave, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave))
  })
}
