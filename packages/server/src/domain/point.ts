import type { Decimal } from './decimal.ts'
import type { Instant, Period } from './period.ts'
import type { Series } from './series.ts'

/** A series' quantity and price in one period. Immutable. */
export interface Point {
  readonly series: Series
  readonly begin: Instant
  readonly end: Instant
  readonly quantity: Decimal
  readonly price: Decimal
  /** Ids of the rules that priced it, in the order they were applied: the price can be explained. */
  readonly rules: readonly string[]
}

export const NO_RULES: readonly string[] = []

/** All points of one scope in one period: what a rating module gets, and gives back. CloudKitty's DataFrame. */
export interface Frame {
  /** Undefined for a quote, which has no tenant. */
  readonly scopeId: string | undefined
  readonly period: Period
  readonly points: readonly Point[]
}
