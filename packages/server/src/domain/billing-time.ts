import { type Begin, newGrid } from './first-period.ts'
import { type Grid, type Instant, toInstant } from './period.ts'
import { keptFrom } from './retention.ts'
import type { TimeZone } from './time-zone.ts'

/** What configuration makes of time: how long periods are, whose calendar counts, and from when on points are kept. */
export interface BillingTime {
  readonly periodSeconds: number
  /** Whose months are the default range, and whose calendar points are filtered and grouped by. */
  readonly zone: TimeZone
  readonly clock: () => Date
  readonly now: () => Instant
  /** The periods of a scope that is new at an instant. */
  readonly newGrid: (at: Instant) => Grid
  /** Points that begin before it are deleted, or will be within the hour; undefined: everything is kept. */
  readonly keptFrom: () => Instant | undefined
}

export interface BillingTimeSettings {
  readonly periodSeconds: number
  readonly zone: TimeZone
  readonly begin: Begin
  /** Undefined: for ever. */
  readonly keepHours: number | undefined
}

export function billingTime(
  { periodSeconds, zone, begin, keepHours }: BillingTimeSettings,
  clock: () => Date,
): BillingTime {
  const now = () => toInstant(clock())
  return {
    periodSeconds,
    zone,
    clock,
    now,
    newGrid: (at) => newGrid({ begin, zone, seconds: periodSeconds }, at),
    keptFrom: () => keptFrom(now(), keepHours, zone),
  }
}
