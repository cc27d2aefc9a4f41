import { Fault } from '../lib/fault.ts'
import type { PolicyName } from './policy-name.ts'

/** The refusal of a policy rule; callers are told it in oslo.policy's words, whatever the reason. */
export function refusedByPolicy(policy: PolicyName, reason = 'the rule does not hold for the caller'): Fault {
  const publicText = `Policy doesn't allow ${policy} to be performed.`
  return new Fault('policy.forbidden', `${publicText} (${reason})`, { policy }, { publicText })
}
