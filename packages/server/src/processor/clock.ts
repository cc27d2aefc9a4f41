import { setTimeout as wait } from 'node:timers/promises'
import { type Instant, toInstant } from '../domain/period.ts'

/** Time as a processor meets it; tests bring one of their own. */
export interface Clock {
  readonly now: () => Instant
  /** Returns after so many seconds, or as soon as the signal is aborted. */
  readonly sleep: (seconds: number, signal: AbortSignal) => Promise<void>
}

export const SYSTEM_CLOCK: Clock = {
  now: () => toInstant(new Date()),
  sleep: (seconds, signal) => wait(seconds * 1000, undefined, { signal }).catch(() => undefined),
}
