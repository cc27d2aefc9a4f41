import { type Instant, toInstant } from '../domain/period.ts'

/** Why the last try of something failed, how many failed in a row, and when the next one is made. */
export interface Failure {
  readonly error: string
  readonly count: number
  readonly retryAt: Instant
}

/** Undefined while all is well. */
export function toFailure(row: {
  readonly lastError: string | null
  readonly failures: number
  readonly retryAt: Date | null
}): Failure | undefined {
  if (row.lastError === null) return undefined
  return { error: row.lastError, count: row.failures, retryAt: row.retryAt ? toInstant(row.retryAt) : 0 }
}
