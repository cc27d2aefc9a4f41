import { FAULTS, faultIn } from '../lib/fault.ts'
import type { PointStore } from './point-store.ts'

/** How writing goes. */
export class WriteHealth {
  #failedAtMs: number | undefined
  readonly #now: () => number

  constructor(now: () => number = Date.now) {
    this.#now = now
  }

  /**
   * When the last write failed; undefined when it did not, or long enough ago that nothing is said any more: who tells a
   * balancer to send nothing would never hear that all is well again.
   */
  get failedAt(): Date | undefined {
    if (this.#failedAtMs === undefined || this.#now() - this.#failedAtMs > REMEMBERED_MS) return undefined
    return new Date(this.#failedAtMs)
  }

  succeeded(): void {
    this.#failedAtMs = undefined
  }

  failed(error: unknown): void {
    const fault = faultIn(error)
    // What is wrong with the data is nothing that is wrong with the store.
    if (fault && FAULTS[fault.code].blames !== 'operator') return
    this.#failedAtMs = this.#now()
  }
}

const REMEMBERED_MS = 10 * 60_000

/** The same store, of which somebody notes how its writes go. */
export function watchWrites(store: PointStore, health: WriteHealth): PointStore {
  return new Proxy(store, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target)
      if (typeof value !== 'function') return value
      const call = (...args: unknown[]): unknown => Reflect.apply(value, target, args)
      if (name !== 'write' && name !== 'writeSamples') return call
      return async (...args: unknown[]) => {
        try {
          await call(...args)
          // Nothing that is written proves nothing.
          if (Array.isArray(args[1]) && args[1].length > 0) health.succeeded()
        } catch (error) {
          const signal = args[2]
          if (!(signal instanceof AbortSignal && signal.aborted)) health.failed(error)
          throw error
        }
      }
    },
  })
}
