import type { PolicyName, PolicyTarget } from '../domain/policy-name.ts'
import type { Principal } from '../domain/principal.ts'

/** Decides who may do what. */
export interface Authorizer {
  /** Whether the rule lets this caller do it to this target. Without a target, no ownership check holds. */
  allows(who: Principal, name: PolicyName, target?: PolicyTarget): boolean
  /** Throws `policy.forbidden` unless `allows`. */
  authorize(who: Principal, name: PolicyName, target?: PolicyTarget): void
}
