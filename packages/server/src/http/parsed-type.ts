import { z } from 'zod'

type JsonType = 'string' | 'boolean' | 'integer' | 'number' | 'array' | 'object' | 'null'

/** How the API document shows a type that is read by a function. */
export interface Described {
  readonly type: JsonType | readonly JsonType[]
  readonly format?: string
  readonly description?: string
  readonly minimum?: number
  readonly maximum?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly enum?: readonly string[]
  readonly items?: { readonly type: 'string' | 'integer' }
  readonly additionalProperties?: boolean
  readonly examples?: readonly unknown[]
}

/** What a reading function gives instead of a value: why there is none. */
export class Refusal {
  readonly reason: string

  constructor(reason: string) {
    this.reason = reason
  }
}

export function refuse(reason: string): Refusal {
  return new Refusal(reason)
}

/** A schema that reads a value by a function. Its input is mandatory; `missing` is the reason when there is none. */
export function parsedType<T>(described: Described, missing: string, read: (input: unknown) => T | Refusal) {
  const schema = z.unknown().transform((input, ctx) => settle(input === undefined ? refuse(missing) : read(input), ctx))
  return describe(schema, described)
}

/** As `parsedType`, but the input may be left out: the function is called with undefined then. */
export function parsedOptional<T>(described: Described, read: (input: unknown) => T | Refusal) {
  const schema = z
    .unknown()
    .optional()
    .transform((input, ctx) => settle(read(input), ctx))
  return describe(schema, described)
}

function settle<T>(value: T | Refusal, ctx: z.RefinementCtx): T {
  if (!(value instanceof Refusal)) return value
  ctx.addIssue({ code: 'custom', message: value.reason })
  return z.NEVER
}

function describe<S extends z.ZodType>(schema: S, described: Described): S {
  return schema.meta({ ...described })
}
