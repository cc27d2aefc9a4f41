import { unreachable } from '../../lib/unreachable.ts'

/** A rule of the oslo.policy language, parsed (oslo.policy's oslo_policy/_checks.py). */
export type Check =
  /** `@`, and the empty rule. */
  | { readonly kind: 'everybody' }
  /** `!`. */
  | { readonly kind: 'nobody' }
  | { readonly kind: 'not'; readonly check: Check }
  /** At least two checks. */
  | { readonly kind: 'and' | 'or'; readonly checks: readonly Check[] }
  /** Another rule, by name. */
  | { readonly kind: 'rule'; readonly name: string }
  /** One of the caller's roles, whatever its letter case. */
  | { readonly kind: 'role'; readonly role: Template }
  /** What is known about the caller, or a literal, equals the text on the right. */
  | { readonly kind: 'match'; readonly left: Operand; readonly right: Template }

export type Operand = { readonly credential: string } | { readonly literal: string }

/** Text with attributes of the target in it: `%(project_id)s`. Never empty, and no two texts stand side by side. */
export type Template = readonly (string | { readonly target: string })[]

/** What the parser reads back as the same check. */
export function formatCheck(check: Check): string {
  switch (check.kind) {
    case 'everybody':
      return '@'
    case 'nobody':
      return '!'
    case 'not':
      return `not ${formatOperand(check.check)}`
    case 'and':
    case 'or':
      return check.checks.map(formatOperand).join(` ${check.kind} `)
    case 'rule':
      return `rule:${check.name}`
    case 'role':
      return `role:${formatTemplate(check.role)}`
    case 'match':
      return `${'credential' in check.left ? check.left.credential : `'${check.left.literal}'`}:${formatTemplate(check.right)}`
    default:
      return unreachable(check)
  }
}

/** `and` binds more than `or`; parentheses stand all the same, for the reader. */
function formatOperand(check: Check): string {
  return check.kind === 'and' || check.kind === 'or' ? `(${formatCheck(check)})` : formatCheck(check)
}

function formatTemplate(template: Template): string {
  return template.map((part) => (typeof part === 'string' ? part.replaceAll('%', '%%') : `%(${part.target})s`)).join('')
}

/** Every check in it, itself first. */
export function* eachCheck(check: Check): Generator<Check> {
  yield check
  if (check.kind === 'not') yield* eachCheck(check.check)
  if (check.kind === 'and' || check.kind === 'or') for (const inner of check.checks) yield* eachCheck(inner)
}
