import type { Principal } from '../domain/principal.ts'

/** Attribute name to the texts that match. */
export type Filters = ReadonlyMap<string, readonly string[]>

/**
 * What a caller may see of the whole: an admin everything, any other caller only what is billed to them, whatever was asked
 * for on the scope key. Undefined when nothing is billed to them: the token has no such attribute. CloudKitty's v2 API
 * (cloudkitty/api/v2/summary/summary.py) always takes the project's id; here the attribute follows the scope key.
 */
export function restrictToOwnScope(
  filters: Filters,
  who: Pick<Principal, 'isAdmin' | 'projectId' | 'domainId'>,
  scopeKey: string,
): Filters | undefined {
  if (who.isAdmin) return filters
  const own = ownScope(who, scopeKey)
  return own === undefined ? undefined : new Map([...filters, [scopeKey, [own]]])
}

/** The scope that the caller's token is for. */
export function ownScope(who: Pick<Principal, 'projectId' | 'domainId'>, scopeKey: string): string | undefined {
  return scopeKey === 'domain_id' ? who.domainId : who.projectId
}
