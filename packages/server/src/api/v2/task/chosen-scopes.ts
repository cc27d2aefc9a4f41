import { Fault } from '../../../lib/fault.ts'

/** Stands for every scope where scopes are named. */
const ALL = 'ALL'

/**
 * Whose tasks an operation that changes tasks is for: a scope in the path wins over a list. Empty for `ALL`, which must be
 * said: nothing is done to everybody by an omission.
 */
export function chosenScopes(inPath: string | undefined, listed: readonly string[]): readonly string[] {
  const scopeIds = inPath === undefined ? listed : [inPath]
  if (scopeIds.length === 0) throw new Fault('request.invalid', 'scope_ids must name at least one scope, or ALL.')
  if (!scopeIds.includes(ALL)) return scopeIds
  if (scopeIds.length > 1) throw new Fault('request.invalid', 'ALL cannot stand beside the ids of scopes.')
  return []
}
