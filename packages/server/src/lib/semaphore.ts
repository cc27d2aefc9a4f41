import { setMaxListeners } from 'node:events'

/** At most so many holders at a time; who waits is served in the order of arrival. */
export class Semaphore {
  #free: number
  readonly #waiting: (() => void)[] = []

  constructor(permits: number) {
    this.#free = permits
  }

  /** Waits for a place, and resolves to the function that gives it back. Rejects with the signal's reason. */
  async acquire(signal?: AbortSignal): Promise<() => void> {
    signal?.throwIfAborted()
    if (this.#free > 0) this.#free--
    else await this.#wait(signal)
    let held = true
    return () => {
      if (!held) return
      held = false
      const next = this.#waiting.shift()
      if (next) next()
      else this.#free++
    }
  }

  #wait(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const serve = (): void => {
        signal?.removeEventListener('abort', leave)
        resolve()
      }
      const leave = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(serve), 1)
        reject(signal?.reason as Error)
      }
      this.#waiting.push(serve)
      // Many may wait with one signal; each leaves it, so that is no leak for Node to warn of.
      if (signal) setMaxListeners(0, signal)
      signal?.addEventListener('abort', leave, { once: true })
    })
  }
}
