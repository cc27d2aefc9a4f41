import type { z } from 'zod'
import { errorText } from '../lib/fault.ts'

type Parsed<T> =
  | { readonly success: true; readonly data: T }
  | { readonly success: false; readonly issues: readonly z.core.$ZodIssue[] }

/**
 * As `schema.safeParse`, for the schema of a plugin, which may be anybody's: one that throws, or does not answer as it should,
 * is an issue that names the owner.
 */
export function parseSafely<T>(schema: z.ZodType<T>, value: unknown, owner: string): Parsed<T> {
  let reason: string
  try {
    const parsed: z.ZodSafeParseResult<T> | undefined = schema.safeParse(value)
    if (parsed?.success) return parsed
    if (Array.isArray(parsed?.error?.issues)) return { success: false, issues: parsed.error.issues }
    reason = 'answers neither with data nor with issues'
  } catch (error) {
    reason = `threw: ${errorText(error)}`
  }
  const message = `cannot be read, because the schema of ${owner} ${reason}; ask who wrote it`
  return { success: false, issues: [{ code: 'custom', path: [], message, input: undefined }] }
}

/** Whether the schema takes it. One that throws does not. */
export function accepts(schema: z.ZodType, value: unknown): boolean {
  try {
    return schema.safeParse(value).success
  } catch {
    return false
  }
}
