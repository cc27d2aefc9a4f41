import { formatInstant } from '../../domain/period.ts'
import type { Failure } from '../../state/failure.ts'

/** Why the last try of something failed, as scopes and tasks show it (`out.failure()`). */
export function toFailureObject({ error, count, retryAt }: Failure) {
  return { error, count, retry_at: formatInstant(retryAt) }
}
