import { unreachable } from '../../lib/unreachable.ts'
import type { Check, Operand, Template } from './check.ts'

/** What a check is evaluated against. */
export interface Facts {
  /** What is known about the caller; `undefined` is nothing, and equals nothing. */
  readonly credentials: Readonly<Record<string, string | boolean | readonly string[] | undefined>>
  /** What the operation is about; `null` is nothing, and equals nothing. */
  readonly target: Readonly<Record<string, string | null>>
  /** Other rules by name, without cycles. */
  readonly rules: ReadonlyMap<string, Check>
}

/**
 * Whether the check holds. As oslo.policy (its oslo_policy/_checks.py) but for one thing: there, an absent project on both
 * sides is the text `None` twice and so equal, which gives a token without project the whole cloud. Here nothing equals
 * nothing.
 */
export function evaluateCheck(check: Check, facts: Facts): boolean {
  switch (check.kind) {
    case 'everybody':
      return true
    case 'nobody':
      return false
    case 'not':
      return !evaluateCheck(check.check, facts)
    case 'and':
      return check.checks.every((inner) => evaluateCheck(inner, facts))
    case 'or':
      return check.checks.some((inner) => evaluateCheck(inner, facts))
    case 'rule': {
      const rule = facts.rules.get(check.name)
      return rule !== undefined && evaluateCheck(rule, facts)
    }
    case 'role': {
      const role = fill(check.role, facts.target)?.toLowerCase()
      return role !== undefined && texts('roles', facts).some((held) => held.toLowerCase() === role)
    }
    case 'match': {
      const right = fill(check.right, facts.target)
      return right !== undefined && leftTexts(check.left, facts).includes(right)
    }
    default:
      return unreachable(check)
  }
}

function fill(template: Template, target: Facts['target']): string | undefined {
  let text = ''
  for (const part of template) {
    const value = typeof part === 'string' ? part : Object.hasOwn(target, part.target) ? target[part.target] : undefined
    if (value === undefined || value === null) return undefined
    text += value
  }
  return text
}

function leftTexts(left: Operand, facts: Facts): readonly string[] {
  return 'literal' in left ? [left.literal] : texts(left.credential, facts)
}

/** The credential as texts, a list's each; booleans read as in Python. */
function texts(name: string, { credentials }: Facts): readonly string[] {
  const value = Object.hasOwn(credentials, name) ? credentials[name] : undefined
  if (value === undefined) return []
  if (typeof value === 'boolean') return [value ? 'True' : 'False']
  return typeof value === 'string' ? [value] : value
}
