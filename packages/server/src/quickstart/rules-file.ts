import { parseDocument } from 'yaml'
import { z } from 'zod'
import { compare, parseDecimal, roundScale, type Decimal } from '../domain/decimal.ts'
import { Fault } from '../lib/fault.ts'
import { RULE_TYPES, type RuleType } from '../rating/hashmap/rules.ts'
import { parseRuleTime, type RuleTime } from '../rating/rule-time.ts'

/** What makes a mapping or a threshold, its parent and its parts named instead of numbered. */
export interface RuleDraft {
  readonly service: string
  /** Absent: the rule hangs on the service itself. */
  readonly field?: string
  readonly group?: string
  /** Absent: the rule holds for every scope. */
  readonly tenantId?: string
  readonly type: RuleType
  readonly cost: Decimal
}

/** One thing to create. What a later one refers to by name, an earlier one has created. */
export type Creation =
  | { readonly kind: 'group'; readonly name: string }
  | { readonly kind: 'service'; readonly name: string }
  | { readonly kind: 'field'; readonly service: string; readonly name: string }
  | (RuleDraft & { readonly kind: 'mapping'; readonly value?: string; readonly start: RuleTime })
  | (RuleDraft & { readonly kind: 'threshold'; readonly level: Decimal })

/**
 * Reads a file of hashmap rules, `rules.yml`, into what is to be created, in order. All faults of the file are reported
 * at once, in one `Fault`, each with its path in the file and the reason.
 */
export function readRulesFile(text: string, file: string): Creation[] {
  // The failsafe schema leaves every scalar as the text that was written, so that a cost never passes through a double.
  const document = parseDocument(text, { schema: 'failsafe' })
  if (document.errors.length > 0) {
    throw invalid(
      file,
      document.errors.map((error) => ({ path: `line ${error.linePos?.[0].line ?? '?'}`, reason: firstLine(error) })),
    )
  }
  const parsed = RulesFile.safeParse(document.toJS())
  if (parsed.success) return toCreations(parsed.data)
  throw invalid(
    file,
    parsed.error.issues.map((issue) => ({ path: toPath(issue.path), reason: issue.message })),
  )
}

/** The most digits after the point that CloudKitty's tables keep: `NUMERIC(40,28)` and `NUMERIC(20,8)`. */
const COST_SCALE = 28
const LEVEL_SCALE = 8

const name = z.string().min(1, 'must not be empty').max(255)

const exact = (scale: number) =>
  z.string().transform((text, ctx) => {
    const value = parseDecimal(text.trim())
    if (value && compare(value, roundScale(value, scale)) === 0) return value
    ctx.addIssue({ code: 'custom', message: `expected a number of at most ${scale} decimals, got '${text}'` })
    return z.NEVER
  })

const ruleTime = z.string().transform((text, ctx) => {
  const time = parseRuleTime(text)
  if (time !== undefined) return time
  ctx.addIssue({ code: 'custom', message: `expected an ISO 8601 time, got '${text}'` })
  return z.NEVER
})

const rule = {
  type: z.enum(RULE_TYPES).default('flat'),
  cost: exact(COST_SCALE),
  group: name.optional(),
  tenant_id: name.optional(),
}
const Threshold = z.strictObject({ ...rule, level: exact(LEVEL_SCALE) })
const thresholds = unique(z.array(Threshold), 'level', 'group', 'tenant_id').default([])

const FieldMapping = z.strictObject({ ...rule, value: name })
const Field = z.strictObject({
  name,
  mappings: unique(z.array(FieldMapping), 'value', 'group', 'tenant_id').default([]),
  thresholds,
})

const ServiceMapping = z.strictObject(rule)
const Service = z.strictObject({
  name,
  mappings: unique(z.array(ServiceMapping), undefined, 'group', 'tenant_id').default([]),
  thresholds,
  fields: unique(z.array(Field), 'name').default([]),
})

const RulesFile = z.strictObject({
  start: ruleTime,
  services: unique(z.array(Service).min(1), 'name'),
})

/**
 * Refuses an item that says of the same thing what an earlier one has said: only one of them could hold. `own` is the
 * part that every item must have, if there is one; a part that is left out of the others is equal to one left out.
 * Looks also at lists that have other faults, so that all are told at once.
 */
function unique<T>(list: z.ZodType<T>, own: string | undefined, ...others: string[]): z.ZodType<T> {
  const what = [...(own === undefined ? [] : [own]), ...others].join(', ')
  return list.superRefine(
    (items, ctx) => {
      const seen = new Map<string, number>()
      for (const [i, item] of (items as unknown[]).entries()) {
        if (item === null || typeof item !== 'object') continue
        const parts: Record<string, Decimal | string> = { ...item }
        if (own !== undefined && parts[own] === undefined) continue
        const key = JSON.stringify([own ?? '', ...others].map((part) => parts[part]?.toString() ?? null))
        const first = seen.get(key)
        if (first === undefined) seen.set(key, i)
        else ctx.addIssue({ code: 'custom', path: [i], message: `has the same ${what} as [${first}]` })
      }
    },
    { when: ({ value }) => Array.isArray(value) },
  )
}

function toCreations({ start, services }: z.output<typeof RulesFile>): Creation[] {
  const groups = new Set<string>()
  const rest: Creation[] = []
  const draft = (parent: Pick<RuleDraft, 'service' | 'field'>, it: z.output<typeof ServiceMapping>): RuleDraft => {
    if (it.group !== undefined) groups.add(it.group)
    return {
      ...parent,
      ...(it.group === undefined ? {} : { group: it.group }),
      ...(it.tenant_id === undefined ? {} : { tenantId: it.tenant_id }),
      type: it.type,
      cost: it.cost,
    }
  }

  for (const service of services) {
    const parent = { service: service.name }
    rest.push({ kind: 'service', name: service.name })
    for (const it of service.mappings) rest.push({ kind: 'mapping', ...draft(parent, it), start })
    for (const it of service.thresholds) rest.push({ kind: 'threshold', ...draft(parent, it), level: it.level })
    for (const field of service.fields) {
      const owner = { ...parent, field: field.name }
      rest.push({ kind: 'field', service: service.name, name: field.name })
      for (const it of field.mappings) rest.push({ kind: 'mapping', ...draft(owner, it), value: it.value, start })
      for (const it of field.thresholds) rest.push({ kind: 'threshold', ...draft(owner, it), level: it.level })
    }
  }
  return [...Array.from(groups, (group) => ({ kind: 'group' as const, name: group })), ...rest]
}

interface FileFault {
  readonly path: string
  readonly reason: string
}

function invalid(file: string, faults: readonly FileFault[]): Fault {
  const lines = faults.map(({ path, reason }) => `${file}: ${path}: ${reason}`)
  return new Fault('config.invalid', lines.join('\n'), { file, faults })
}

function toPath(path: readonly PropertyKey[]): string {
  const text = path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('')
  return text === '' ? 'the file' : text.replace(/^\./, '')
}

function firstLine(error: Error): string {
  return error.message.split('\n', 1)[0]!
}
