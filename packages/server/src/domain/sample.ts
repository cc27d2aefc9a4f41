import type { Decimal } from './decimal.ts'
import type { Exact } from './fraction.ts'
import type { Instant, Period } from './period.ts'
import type { Snapshot } from './snapshot.ts'

/** Raw usage that was pushed to us, before rating: one reading of one thing at one instant. */
export interface Sample {
  readonly name: string
  readonly at: Instant
  readonly value: Decimal
  /** Resource id, scope key, flavor, ...: all text. */
  readonly labels: Readonly<Record<string, string>>
}

/**
 * How the samples of one group in one period become one value. `last` is the sample with the latest instant; of several
 * there, the one of the latest batch, then the largest. For `time_weighted_mean` each series (name and all labels) holds a
 * value until its next sample, and what it held before the period counts from the period's begin on; the series of a group
 * add up at each instant; a series without a sample in the period, or before its first one, counts as nothing. The sum
 * over the period's seconds is divided by their number. Nothing is cut.
 */
export const SAMPLE_METHODS = ['sum', 'max', 'mean', 'last', 'time_weighted_mean'] as const
export type SampleMethod = (typeof SAMPLE_METHODS)[number]

export interface SampleQuery {
  readonly name: string
  readonly method: SampleMethod
  /** Samples with equal values of these labels are one group; a missing label is the empty text. */
  readonly labels: readonly string[]
  readonly scopeKey: string
  readonly scopes: readonly string[]
  /** Consecutive and of equal length. */
  readonly periods: readonly Period[]
}

/** One group's value in one period; groups without a sample in it are left out. */
export interface SampleValue {
  readonly period: Period
  /** In the order of the query's labels. */
  readonly labels: readonly string[]
  readonly value: Exact
}

/** What the `samples` collector and fetcher need of the store that keeps samples. */
export interface SampleReader {
  readSamples(query: SampleQuery, snapshot: Snapshot, signal: AbortSignal): Promise<SampleValue[]>
  /** Distinct non-empty values of the label among all visible samples, ascending. */
  sampleScopes(scopeKey: string, snapshot: Snapshot, signal: AbortSignal): Promise<string[]>
  /** Instant of the first visible sample, if there is one. */
  firstSampleAt(snapshot: Snapshot, signal: AbortSignal): Promise<Instant | undefined>
}
