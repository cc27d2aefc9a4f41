import type { Grid } from '../domain/period.ts'
import type { Scope } from './scopes.ts'

/** How a scope's periods lie: they are counted from the next one on, since they begin where the scope began. */
export function gridOf({ nextBegin }: Pick<Scope, 'nextBegin'>, periodSeconds: number): Grid {
  return { origin: nextBegin, seconds: periodSeconds }
}
