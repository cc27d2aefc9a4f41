import { POLICY_NAMES, type PolicyName } from '../../domain/policy-name.ts'
import { NOBODY } from '../../domain/principal.ts'
import type { Claims } from '../claims.ts'
import type { Policy } from './policy.ts'

const OWN = 'own-project'
const USER: Claims = { ...NOBODY, userId: 'user' }

/** As `keystone-manage bootstrap` sets them up: who has the role on the left has the one on the right. */
const IMPLIED: Readonly<Record<string, string>> = { admin: 'manager', manager: 'member', member: 'reader' }

/** With the roles that Keystone adds to a token for those that a user was given. */
export function withImpliedRoles(roles: readonly string[]): string[] {
  const all = new Set(roles)
  // A set's iteration takes in what is added on the way.
  for (const role of all) {
    const implied = Object.hasOwn(IMPLIED, role) ? IMPLIED[role] : undefined
    if (implied !== undefined) all.add(implied)
  }
  return [...all]
}

/** The kinds of callers an operator thinks in, each with the roles that Keystone gives it. */
export const CALLER_KINDS = {
  admin: { ...USER, projectId: OWN, roles: withImpliedRoles(['admin']) },
  member: { ...USER, projectId: OWN, roles: withImpliedRoles(['member']) },
  reader: { ...USER, projectId: OWN, roles: ['reader'] },
  'other role': { ...USER, projectId: OWN, roles: ['some-other-role'] },
  'system admin': { ...USER, systemScope: 'all', roles: withImpliedRoles(['admin']) },
  unscoped: USER,
} as const satisfies Record<string, Claims>

type CallerKind = keyof typeof CALLER_KINDS

export interface PolicyMatrixRow {
  readonly rule: PolicyName
  readonly check: string
  readonly source: string
  /** On which projects the caller may do it. `own` where the rule asks whose project it is. */
  readonly may: Readonly<Record<CallerKind, 'any' | 'own' | 'none'>>
}

/** Which kind of caller may do what, for `cloudtabbyd policy list`. */
export function policyMatrix(policy: Policy): PolicyMatrixRow[] {
  const rules = new Map(policy.rules.map((rule) => [rule.name, rule]))
  return POLICY_NAMES.map((name) => {
    const { text, source } = rules.get(name)!
    const may = Object.entries(CALLER_KINDS).map(([kind, claims]) => [kind, reach(policy, name, claims)])
    return { rule: name, check: text, source, may: Object.fromEntries(may) as PolicyMatrixRow['may'] }
  })
}

function reach(policy: Policy, name: PolicyName, claims: Claims): 'any' | 'own' | 'none' {
  const who = { ...claims, isAdmin: policy.isAdmin(claims) }
  if (policy.allows(who, name, { projectId: 'another-project' })) return 'any'
  return policy.allows(who, name, { projectId: claims.projectId ?? null }) ? 'own' : 'none'
}

/** The matrix as text, one line a rule, columns padded. */
export function renderPolicyMatrix(rows: readonly PolicyMatrixRow[]): string {
  const kinds = Object.keys(CALLER_KINDS) as CallerKind[]
  const words = { any: 'yes', own: 'own', none: '-' }
  return renderColumns([
    ['rule', ...kinds, 'source', 'check'],
    ...rows.map((row) => [
      row.rule,
      ...kinds.map((kind) => words[row.may[kind]]),
      row.source,
      row.check === '' ? '@' : row.check,
    ]),
  ])
}

export interface PolicyQuestion {
  readonly rule: PolicyName
  readonly claims: Claims
  /** Whose data it is about; `undefined`: the caller's own. */
  readonly targetProjectId?: string | undefined
}

export interface PolicyAnswer {
  readonly allowed: boolean
  readonly isAdmin: boolean
  /** The rule and every rule it refers to, with whether each holds. */
  readonly steps: readonly {
    readonly rule: string
    readonly check: string
    readonly source: string
    readonly holds: boolean
  }[]
  /** Why a rule that holds may still not allow it. */
  readonly refusedForScope: boolean
}

/** One question answered with its reasons, for `cloudtabbyd policy check`. */
export function checkPolicy(policy: Policy, { rule, claims, targetProjectId }: PolicyQuestion): PolicyAnswer {
  const who = { ...claims, isAdmin: policy.isAdmin(claims) }
  const target = { projectId: targetProjectId ?? claims.projectId ?? null }
  const allowed = policy.allows(who, rule, target)
  const steps = policy.withReferences(rule).map(({ name, text, source }) => ({
    rule: name,
    check: text === '' ? '@' : text,
    source,
    holds: policy.holds(name, who, target),
  }))
  return { allowed, isAdmin: who.isAdmin, steps, refusedForScope: !allowed && steps[0]?.holds === true }
}

/** The answer as text: the verdict, then the reasons. */
export function renderPolicyAnswer({ rule, claims }: PolicyQuestion, answer: PolicyAnswer): string {
  const scope = answer.refusedForScope
    ? '\nThe rule holds, but the token is not for a project ([oslo_policy] enforce_scope).'
    : ''
  const verdict = `${rule}: ${answer.allowed ? 'allowed' : 'refused'} (roles: ${claims.roles.join(', ') || 'none'})${scope}`
  const steps = answer.steps.map((step) => [step.rule, step.holds ? 'holds' : 'fails', step.source, step.check])
  return `${verdict}\n\n${renderColumns([['rule', '', 'source', 'check'], ...steps])}`
}

function renderColumns(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  return rows
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
