import type { z } from 'zod'
import { nearest } from '../lib/nearest.ts'
import { accepts } from './parse-safely.ts'

/** One thing that a schema does not like, in words for operators. */
export interface SchemaFault {
  readonly path: readonly PropertyKey[]
  readonly reason: string
}

/** A schema's issues, an unknown key each on its own and with the key that was meant, probably. */
export function toSchemaFaults(issues: readonly z.core.$ZodIssue[], schema: z.ZodType): SchemaFault[] {
  return issues.flatMap((issue) => {
    if (issue.code === 'unrecognized_keys') {
      const known = Object.keys(shapeOf(schema) ?? {})
      return issue.keys.map((key) => ({ path: [...issue.path, key], reason: unknownKey(key, known) }))
    }
    const missing = issue.code === 'invalid_type' && issue.message.endsWith('received undefined')
    return [{ path: issue.path, reason: missing ? 'is required' : issue.message.replace(/^Invalid \w+: /, '') }]
  })
}

export function unknownKey(key: string, known: readonly string[], what = 'key'): string {
  const meant = nearest(key, known)
  return meant === undefined ? `is an unknown ${what}` : `is an unknown ${what}; did you mean '${meant}'?`
}

/** The options of a section's schema, by name; undefined when the schema is no object that can be looked into. */
export function shapeOf(schema: z.ZodType): Readonly<Record<string, z.ZodType>> | undefined {
  const def = schema.def as Inner | undefined
  if (def === undefined) return undefined
  if (def.type === 'object') return def.shape
  const inner = def.innerType ?? def.in
  return inner && shapeOf(inner)
}

/** What the reference and `check-config` say of an option. */
export interface OptionMeta {
  readonly description: string
  readonly secret: boolean
  /** It may hold a password: `scheme://user:password@host`. */
  readonly address: boolean
  /** A path: what is relative starts at the working directory. */
  readonly path: boolean
  /** As written in a file; undefined: none. */
  readonly default: string | undefined
  readonly required: boolean
}

/** Looks through defaults and transformations to what was said of the option. */
export function optionMeta(schema: z.ZodType): OptionMeta {
  let description = ''
  let secret = false
  let address = false
  let path = false
  let fallback: string | undefined
  for (let at: z.ZodType | undefined = schema; at;) {
    const def: Partial<Inner> = at.def ?? {}
    const meta = metaOf(at)
    description ||= meta?.description ?? ''
    secret ||= meta?.secret ?? false
    address ||= meta?.address ?? false
    path ||= meta?.path ?? false
    if (def.type === 'default' || def.type === 'prefault') fallback ??= optionText(def.defaultValue)
    at = def.innerType ?? def.in
  }
  return { description, secret, address, path, default: fallback, required: !accepts(schema, undefined) }
}

interface Meta {
  readonly description?: string | undefined
  readonly secret?: boolean
  readonly address?: boolean
  readonly path?: boolean
}

function metaOf(schema: z.ZodType): Meta | undefined {
  return typeof schema.meta === 'function' ? schema.meta() : undefined
}

/** What is looked at of any zod schema; a plugin may bring a zod of its own, so `instanceof` would not do. */
interface Inner {
  readonly type: string
  readonly innerType?: z.ZodType
  readonly in?: z.ZodType
  readonly shape?: Readonly<Record<string, z.ZodType>>
  readonly defaultValue?: unknown
}

/** A value as it would be written in a file. */
export function optionText(value: unknown): string {
  if (Array.isArray(value)) return value.join(',')
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value)
      .map(([key, inner]) => `${key}:${String(inner)}`)
      .join(',')
  }
  return String(value)
}
