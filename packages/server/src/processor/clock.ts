import { setTimeout as wait } from 'node:timers/promises'
import type { Instant } from '../domain/period.ts'

/** Time as a processor meets it, the only place that it knows it from; tests bring one of their own. */
export interface Clock {
  /** What is believed to be the present: it says what is due. Throws only while nothing is known of it yet. */
  readonly now: () => Instant | Promise<Instant>
  /** Returns after so many seconds, or as soon as the signal is aborted. */
  readonly sleep: (seconds: number, signal: AbortSignal) => Promise<void>
}

/** Waits by the machine's own steady clock, which nobody can set. */
export const sleep: Clock['sleep'] = (seconds, signal) =>
  wait(seconds * 1000, undefined, { signal }).catch(() => undefined)
