import { loadConfig } from '../config/load-config.ts'
import { nearest } from '../lib/nearest.ts'
import {
  checkPolicy,
  policyMatrix,
  renderPolicyAnswer,
  renderPolicyMatrix,
  withImpliedRoles,
} from '../auth/policy/policy-matrix.ts'
import { POLICY_NAMES } from '../domain/policy-name.ts'
import { NOBODY } from '../domain/principal.ts'
import { type Invocation, configInput } from './invocation.ts'

/** Who asks, as flags. */
export interface PolicyFlags {
  readonly roles: string
  readonly project?: string
  readonly system?: boolean
  readonly targetProject?: string
  /** False: exactly the given roles. */
  readonly implied: boolean
}

export async function runPolicyList(invocation: Invocation): Promise<number> {
  const { config } = await loadConfig(configInput(invocation))
  invocation.print(`${renderPolicyMatrix(policyMatrix(config.policy))}\n`)
  return 0
}

/** 0 when the caller may, 1 when not, 2 when there is no such rule. */
export async function runPolicyCheck(invocation: Invocation, rule: string, flags: PolicyFlags): Promise<number> {
  const { config } = await loadConfig(configInput(invocation))
  const name = POLICY_NAMES.find((candidate) => candidate === rule)
  if (!name) {
    const meant = nearest(rule, POLICY_NAMES)
    invocation.print(
      `There is no rule ${rule}${meant ? `; did you mean ${meant}?` : '; see cloudtabbyd policy list'}\n`,
    )
    return 2
  }
  const given = flags.roles.split(',').map((role) => role.trim())
  const question = {
    rule: name,
    claims: {
      ...NOBODY,
      ...(flags.system ? { systemScope: 'all' } : { projectId: flags.project }),
      roles: flags.implied ? withImpliedRoles(given) : given,
    },
    targetProjectId: flags.targetProject,
  }
  const answer = checkPolicy(config.policy, question)
  invocation.print(`${renderPolicyAnswer(question, answer)}\n`)
  return answer.allowed ? 0 : 1
}
