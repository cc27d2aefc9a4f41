import { POLICY_NAMES, type PolicyName, type PolicyTarget } from '../../domain/policy-name.ts'
import type { Principal } from '../../domain/principal.ts'
import { refusedByPolicy } from '../../domain/refused-by-policy.ts'
import { Fault } from '../../lib/fault.ts'
import { nearest } from '../../lib/nearest.ts'
import type { Authorizer } from '../authorizer.ts'
import type { Claims } from '../claims.ts'
import { eachCheck, formatCheck, type Check } from './check.ts'
import { BASE_RULES, LEGACY_ALTERNATIVE, OPERATION_RULES, WITH_LEGACY_ALTERNATIVE } from './default-rules.ts'
import { evaluateCheck, type Facts } from './evaluate-check.ts'
import { parseCheck } from './parse-check.ts'
import { readPolicyFile, type PolicyEntry, type PolicyFile, type PolicyFileFault } from './read-policy-file.ts'

export interface PolicySettings {
  readonly enforceNewDefaults: boolean
  readonly enforceScope: boolean
}

export interface PolicyRule {
  readonly name: string
  /** As written in the file, or the default in the language of policies. */
  readonly text: string
  readonly check: Check
  /** `default`, `default with legacy alternative`, or where the override stands: `/etc/cloudkitty/policy.yaml:3`. */
  readonly source: string
}

const CREDENTIALS = [
  'user_id',
  'project_id',
  'domain_id',
  'system_scope',
  'roles',
  'is_admin',
  'is_admin_project',
] as const
const TARGETS = ['project_id'] as const
const OPERATIONS: ReadonlySet<string> = new Set(POLICY_NAMES)

/** Policy files that cannot be used, with every fault in them. */
export class PolicyRefusal extends Fault {
  readonly faults: readonly PolicyFileFault[]

  constructor(faults: readonly PolicyFileFault[]) {
    const lines = faults.map(
      ({ path, line, rule, reason }) => `${path}:${line}: ${rule === undefined ? '' : `${rule}: `}${reason}`,
    )
    super('config.invalid', `The policy cannot be used:\n${lines.join('\n')}`, { faults })
    this.faults = faults
  }
}

/** The rules in force: the defaults, and what files put in their place. */
export class Policy implements Authorizer {
  /** Every rule, defaults first, in the order of CloudKitty's lists; then the files' own. */
  readonly rules: readonly PolicyRule[]
  /** What an operator should look at, though it stops nothing. */
  readonly warnings: readonly string[]
  readonly #checks: ReadonlyMap<string, Check>
  readonly #settings: PolicySettings

  /** A later file wins over an earlier one. Throws `config.invalid` with every fault of every file. */
  constructor(settings: PolicySettings, files: readonly PolicyFile[] = []) {
    const read = files.map(readPolicyFile)
    const entries = read.flatMap((file) => file.entries)
    const overrides = new Map(entries.map((entry) => [entry.name, entry]))
    this.#settings = settings
    this.rules = [...effectiveDefaults(settings, overrides), ...ownRules(overrides)]
    this.#checks = new Map(this.rules.map((rule) => [rule.name, rule.check]))
    const faults = [
      ...read.flatMap((file) => file.faults),
      ...undefinedReferences(entries, this.#checks),
      ...cycles(overrides, this.#checks),
    ]
    if (faults.length > 0) throw new PolicyRefusal(faults)
    this.warnings = [...overrides.values()].flatMap((entry) => warningsOf(entry, overrides))
  }

  allows(who: Principal, name: PolicyName, target?: PolicyTarget): boolean {
    if (this.#settings.enforceScope && OPERATIONS.has(name) && tokenScope(who) !== 'project') return false
    return this.holds(name, who, target)
  }

  authorize(who: Principal, name: PolicyName, target?: PolicyTarget): void {
    if (this.allows(who, name, target)) return
    throw refusedByPolicy(name)
  }

  /** The rule `context_is_admin`, which decides who sees every project, not only the token's own. */
  isAdmin(claims: Claims): boolean {
    return this.holds('context_is_admin', { ...claims, isAdmin: false }, { projectId: claims.projectId ?? null })
  }

  /** Whether a rule, any by name, holds, whatever the token is for. */
  holds(name: string, who: Principal, target?: PolicyTarget): boolean {
    const check = this.#checks.get(name)
    return check !== undefined && evaluateCheck(check, { ...toFacts(who, target), rules: this.#checks })
  }

  /** The rule and those it refers to, directly or not, itself first, each once. */
  withReferences(name: string): PolicyRule[] {
    const names = new Set([name])
    // A set gives what is added while it is walked.
    for (const next of names) for (const reference of referencesOf(this.#checks.get(next)!)) names.add(reference)
    return [...names].map((wanted) => this.rules.find((rule) => rule.name === wanted)!)
  }
}

/** For what a token is, as oslo.policy sees it: one for nothing counts as one for a project. */
function tokenScope(claims: Claims): 'system' | 'domain' | 'project' {
  if (claims.systemScope !== undefined) return 'system'
  return claims.domainId === undefined ? 'project' : 'domain'
}

function toFacts(who: Principal, target: PolicyTarget | undefined): Pick<Facts, 'credentials' | 'target'> {
  const credentials: Record<(typeof CREDENTIALS)[number], Facts['credentials'][string]> = {
    user_id: who.userId,
    project_id: who.projectId,
    domain_id: who.domainId,
    system_scope: who.systemScope,
    roles: who.roles,
    is_admin: who.isAdmin,
    is_admin_project: who.isAdminProject,
  }
  const attributes: Partial<Record<(typeof TARGETS)[number], string | null>> = target
    ? { project_id: target.projectId }
    : {}
  return { credentials, target: attributes }
}

function effectiveDefaults(settings: PolicySettings, overrides: ReadonlyMap<string, PolicyEntry>): PolicyRule[] {
  return Object.entries({ ...BASE_RULES, ...OPERATION_RULES }).map(([name, text]) => {
    const override = overrides.get(name)
    if (override) return toRule(override)
    if (settings.enforceNewDefaults || !WITH_LEGACY_ALTERNATIVE.has(name)) {
      return { name, text, check: parseCheck(text), source: 'default' }
    }
    const check: Check = { kind: 'or', checks: [parseCheck(text), parseCheck(LEGACY_ALTERNATIVE)] }
    return { name, text: formatCheck(check), check, source: 'default with legacy alternative' }
  })
}

function ownRules(overrides: ReadonlyMap<string, PolicyEntry>): PolicyRule[] {
  return [...overrides.values()].filter((entry) => !isKnown(entry.name)).map(toRule)
}

function toRule({ name, text, check, path, line }: PolicyEntry): PolicyRule {
  return { name, text, check, source: `${path}:${line}` }
}

function isKnown(name: string): boolean {
  return OPERATIONS.has(name) || Object.hasOwn(BASE_RULES, name)
}

function referencesOf(check: Check): string[] {
  return [...eachCheck(check)].flatMap((inner) => (inner.kind === 'rule' ? [inner.name] : []))
}

/** oslo.policy takes the rule `default`, which allows everybody, where it finds no rule: a slip of the pen opens a door. */
function undefinedReferences(entries: readonly PolicyEntry[], checks: ReadonlyMap<string, Check>): PolicyFileFault[] {
  return entries.flatMap(({ name, check, path, line }) =>
    referencesOf(check)
      .filter((reference) => !checks.has(reference))
      .map((reference) => ({
        path,
        line,
        rule: name,
        reason: `there is no rule '${reference}'${didYouMean(reference, checks.keys())}`,
      })),
  )
}

/** Each cycle is told once, at the first of its rules that stands in a file. */
function cycles(overrides: ReadonlyMap<string, PolicyEntry>, checks: ReadonlyMap<string, Check>): PolicyFileFault[] {
  const told = new Set<string>()
  return [...overrides.values()].flatMap(({ name, path, line }) => {
    if (told.has(name)) return []
    const cycle = cycleThrough(name, checks)
    if (!cycle) return []
    for (const member of cycle) told.add(member)
    return [{ path, line, rule: name, reason: `refers to itself: ${[...cycle, name].join(' -> ')}` }]
  })
}

/** The shortest way from a rule back to itself, breadth first. */
function cycleThrough(start: string, checks: ReadonlyMap<string, Check>): string[] | undefined {
  const seen = new Set<string>()
  let ways: string[][] = [[start]]
  while (ways.length > 0) {
    const longer: string[][] = []
    for (const way of ways) {
      const check = checks.get(way.at(-1)!)
      for (const next of check ? referencesOf(check) : []) {
        if (next === start) return way
        if (seen.has(next)) continue
        seen.add(next)
        longer.push([...way, next])
      }
    }
    ways = longer
  }
  return undefined
}

function warningsOf(entry: PolicyEntry, overrides: ReadonlyMap<string, PolicyEntry>): string[] {
  const { name, check, path, line } = entry
  const where = `${path}:${line}: ${name}`
  const warnings: string[] = []
  const isReferredTo = () => [...overrides.values()].some((other) => referencesOf(other.check).includes(name))
  if (!isKnown(name) && !isReferredTo()) {
    warnings.push(
      `${where}: no such rule, and none refers to it${didYouMean(name, [...OPERATIONS, ...Object.keys(BASE_RULES)])}`,
    )
  }
  for (const inner of eachCheck(check)) {
    if (inner.kind === 'match' && 'credential' in inner.left && !isOneOf(CREDENTIALS, inner.left.credential)) {
      warnings.push(
        `${where}: '${inner.left.credential}' is never known of a caller, so that ${formatCheck(inner)} never holds` +
          didYouMean(inner.left.credential, CREDENTIALS),
      )
    }
    const template = inner.kind === 'match' ? inner.right : inner.kind === 'role' ? inner.role : []
    for (const part of template) {
      if (typeof part === 'string' || isOneOf(TARGETS, part.target)) continue
      warnings.push(
        `${where}: no target has '${part.target}', so that ${formatCheck(inner)} never holds${didYouMean(part.target, TARGETS)}`,
      )
    }
  }
  return warnings
}

function isOneOf(names: readonly string[], name: string): boolean {
  return names.includes(name)
}

function didYouMean(word: string, candidates: Iterable<string>): string {
  const near = nearest(word, candidates)
  return near === undefined ? '' : `; did you mean '${near}'?`
}
