import { type Instant, periodBegin } from '../domain/period.ts'
import type { Author } from './audit.ts'
import { gridOf } from './grid-of.ts'
import { requireKept } from './require-kept.ts'
import { requirePast } from './require-past.ts'
import type { ScopeFilter, Scopes } from './scopes.ts'

/** What a moment of the past has to do with now, and how long periods are. */
export interface PastRules {
  readonly periodSeconds: number
  readonly now: Instant
  /** Points that begin before it are not kept; undefined: everything is kept. */
  readonly keptFrom: Instant | undefined
}

/**
 * Takes back what active scopes were rated from a moment on: each from the begin of its own period that holds the moment.
 * The number of scopes; none is reset where there is one for which the moment is too old.
 */
export async function requestReset(
  scopes: Pick<Scopes, 'list' | 'reset'>,
  { of, at }: { readonly of: Omit<ScopeFilter, 'active' | 'offset' | 'limit'>; readonly at: Instant },
  { periodSeconds, now, keptFrom }: PastRules,
  author: Author,
): Promise<number> {
  requirePast(NAME, at, now)
  const found = await scopes.list({ ...of, active: [true] })
  for (const scope of found) requireKept(NAME, periodBegin(gridOf(scope, periodSeconds), at), keptFrom)
  await scopes.reset(
    found.map((scope) => scope.id),
    { at, periodSeconds },
    author,
  )
  return found.length
}

const NAME = 'last_processed_timestamp'
