import type { Decimal } from './decimal.ts'
import type { Fraction } from './fraction.ts'
import type { SkipExpression } from './skip-expression.ts'

export const MUTATIONS = ['NONE', 'NUMBOOL', 'NOTNUMBOOL', 'FLOOR', 'CEIL', 'MAP'] as const
export type Mutation = (typeof MUTATIONS)[number]

/** One definition of metrics.yml, checked and normalised. `ExtraArgs` is what the collector's schema makes of its part. */
export interface Metric<ExtraArgs = unknown> {
  /** `name`, or `name@#alt_name`: unique in the file. */
  readonly key: string
  /** The metric's name at the data source. */
  readonly name: string
  /** `alt_name`, else the name: what its points are rated, stored and reported under. Unique in the file. */
  readonly type: string
  readonly unit: string
  readonly description?: string
  /** As in the file, the scope key (and what the collector demands) appended; order kept, no duplicates. */
  readonly groupby: readonly string[]
  readonly metadata: readonly string[]
  readonly factor: Fraction
  readonly offset: Fraction
  readonly mutate: Mutation
  /** For `mutate: MAP`: numeric keys; compared by value. */
  readonly mutateMap: readonly (readonly [Decimal, Decimal])[]
  /** Its `skip_datapoints_expression`; absent means the one of `[orchestrator]`. */
  readonly skip?: SkipExpression
  /** Seconds that its data needs beyond `wait_periods` to be complete. */
  readonly settleSeconds?: number
  /** So many of the newest rated periods are collected again, and rated again where quantities have changed. */
  readonly recheckPeriods?: number
  readonly extraArgs: ExtraArgs
}
