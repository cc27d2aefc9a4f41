import { z } from 'zod'
import { out } from '../../../http/v2-types.ts'
import type { ListDeps } from '../../../http/within-rows.ts'
import { formatInstant, type Grid, type Instant } from '../../../domain/period.ts'
import { Fault } from '../../../lib/fault.ts'
import type { AuthorDeps } from '../../../state/audit.ts'
import type { PastRules } from '../../../state/request-reset.ts'
import type { Scope, Scopes } from '../../../state/scopes.ts'
import { toFailureObject } from '../to-failure-object.ts'

/** What requests about the past have to keep to. */
export interface PastDeps {
  readonly periodSeconds: number
  readonly now: () => Instant
  /** Points that begin before it are deleted, or will be within the hour; undefined: everything is kept. */
  readonly keptFrom: () => Instant | undefined
}

export function pastRules({ periodSeconds, now, keptFrom }: PastDeps): PastRules {
  return { periodSeconds, now: now(), keptFrom: keptFrom() }
}

export interface ScopeDeps extends AuthorDeps, PastDeps, ListDeps {
  readonly scopes: Scopes
  /** What a scope that is created through the API belongs to when the request does not say. */
  readonly scopeNames: { readonly scopeKey: string; readonly fetcher: string; readonly collector: string }
  /** The periods of a scope that is new at an instant. */
  readonly newGrid: (at: Instant) => Grid
}

export const ScopeObject = z
  .strictObject({
    scope_id: z.string(),
    scope_key: z.string().meta({ examples: ['project_id'] }),
    fetcher: z.string(),
    collector: z.string(),
    last_processed_timestamp: out.instant().nullable().describe('Up to when it is rated; null: never.'),
    active: z.boolean(),
    scope_activation_toggle_date: out.instant(),
    state: out.instant().nullable().describe('Another name of last_processed_timestamp.'),
    failure: out.failure().optional().describe('Why it cannot be rated now.'),
  })
  .meta({ id: 'Scope' })

/**
 * CloudKitty's row, with `state`, which its clients still print, as another name of the timestamp; and, while a scope cannot
 * be rated, why.
 */
export function toScopeObject(scope: Scope): z.output<typeof ScopeObject> {
  const processed = scope.lastProcessed === undefined ? null : formatInstant(scope.lastProcessed)
  const { failure } = scope
  return {
    scope_id: scope.scopeId,
    scope_key: scope.scopeKey,
    fetcher: scope.fetcher,
    collector: scope.collector,
    last_processed_timestamp: processed,
    active: scope.active,
    scope_activation_toggle_date: formatInstant(scope.activeSince),
    state: processed,
    ...(failure && { failure: toFailureObject(failure) }),
  }
}

export function nothingFound(): Fault {
  return new Fault('request.not_found', 'No resource found for provided filters.')
}

/** The two names of one timestamp: CloudKitty's clients send `state`, its API wants the long one. */
export function processedTimestamp(body: {
  readonly last_processed_timestamp?: Instant | undefined
  readonly state?: Instant | undefined
}): Instant {
  const { last_processed_timestamp: processed, state } = body
  if (processed !== undefined && state !== undefined && processed !== state) {
    throw new Fault('request.invalid', 'last_processed_timestamp and its alias state differ.')
  }
  const timestamp = processed ?? state
  if (timestamp === undefined) throw new Fault('request.invalid', 'Parameter last_processed_timestamp is required.')
  return timestamp
}
