import type { Metric } from '../domain/metric.ts'
import type { Period } from '../domain/period.ts'

/** What one query asks: some of the scopes, some of the periods. */
export interface Part {
  readonly scopes: readonly string[]
  readonly periods: readonly Period[]
}

export interface PartLimits {
  readonly maxScopes: number
  readonly maxPeriods: number
  /** Scopes times periods. */
  readonly maxCells: number
}

/** Cuts a request into as few parts of about equal size as the limits permit. Each scope and period is in exactly one. */
export function planParts({ scopes, periods }: Part, { maxScopes, maxPeriods, maxCells }: PartLimits): Part[] {
  return cut(scopes, Math.min(maxScopes, maxCells)).flatMap((some) =>
    cut(periods, Math.min(maxPeriods, Math.floor(maxCells / some.length))).map((few) => ({
      scopes: some,
      periods: few,
    })),
  )
}

/** Two halves, by periods while there are several, else by scopes; undefined for what cannot be cut. */
export function halve({ scopes, periods }: Part): [Part, Part] | undefined {
  if (periods.length > 1) {
    const middle = periods.length >> 1
    return [
      { scopes, periods: periods.slice(0, middle) },
      { scopes, periods: periods.slice(middle) },
    ]
  }
  if (scopes.length > 1) {
    const middle = scopes.length >> 1
    return [
      { scopes: scopes.slice(0, middle), periods },
      { scopes: scopes.slice(middle), periods },
    ]
  }
  return undefined
}

function cut<T>(items: readonly T[], max: number): T[][] {
  const count = Math.ceil(items.length / Math.max(1, max))
  const chunks: T[][] = []
  for (let i = 0; i < count; i++) {
    chunks.push(items.slice(Math.round((i * items.length) / count), Math.round(((i + 1) * items.length) / count)))
  }
  return chunks
}

/** Values that one answer should hold at most: some 10 to 20 MB of text, parsed in a fraction of a second. */
const VALUES_MAX = 500_000
const SERIES_PER_SCOPE_AT_FIRST = 10

/** Learns from a metric's answers how much may be asked at once, and asks for less after trouble. */
export class AnswerBudget {
  #seriesPerScope = SERIES_PER_SCOPE_AT_FIRST
  #values = VALUES_MAX

  /** How many scopes times periods one query should ask for. */
  get maxCells(): number {
    return Math.max(1, Math.floor(this.#values / this.#seriesPerScope))
  }

  answered(scopes: number, series: number): void {
    this.#seriesPerScope = Math.max(1, series / scopes, this.#seriesPerScope / 2)
    this.#values = Math.min(VALUES_MAX, this.#values * 2)
  }

  /** The source ran out of time or refused for load. */
  struggled(): void {
    this.#values = Math.max(1, Math.floor(this.#values / 4))
  }
}

/** A budget for each metric; as many as metrics.yml has metrics. */
export class AnswerBudgets {
  readonly #byKey = new Map<string, AnswerBudget>()

  of({ key }: Metric): AnswerBudget {
    let budget = this.#byKey.get(key)
    if (!budget) this.#byKey.set(key, (budget = new AnswerBudget()))
    return budget
  }
}
