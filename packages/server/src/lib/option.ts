import { z } from 'zod'

/**
 * Schemas of oslo.config's option types: text from cloudkitty.conf or the environment in, typed value out. Give each a
 * `.default(...)` or `.optional()`, and a `.describe(...)`, from which the configuration reference is printed.
 */
export const option = {
  text: () => z.string(),

  /** A path; one that is relative starts at the working directory, and the value that is read is absolute. */
  path: () => z.string().meta({ path: true }),

  /** A text that never appears in a log, an error or `check-config`. */
  secret: () => z.string().meta({ secret: true }),

  integer: ({ min = -Infinity, max = Infinity }: { min?: number; max?: number } = {}) =>
    z.string().transform((text, ctx) => {
      const value = /^\s*[+-]?\d+\s*$/.test(text) ? Number(text) : Number.NaN
      if (Number.isSafeInteger(value) && value >= min && value <= max) return value
      ctx.addIssue({ code: 'custom', message: `expected a whole number${range(min, max)}, got '${text}'` })
      return z.NEVER
    }),

  float: ({ min = -Infinity, max = Infinity }: { min?: number; max?: number } = {}) =>
    z.string().transform((text, ctx) => {
      const value = text.trim() === '' ? Number.NaN : Number(text)
      if (Number.isFinite(value) && value >= min && value <= max) return value
      ctx.addIssue({ code: 'custom', message: `expected a number${range(min, max)}, got '${text}'` })
      return z.NEVER
    }),

  /** A number of bytes: plain, or with a unit as in `512MiB` or `2 GB`. */
  bytes: ({ min = 0 }: { min?: number } = {}) =>
    z.string().transform((text, ctx) => {
      const [, digits = '', unit = ''] = /^\s*(\d{1,15})\s*([a-z]*)\s*$/i.exec(text) ?? []
      const bytes = Number(digits || Number.NaN) * (BYTE_UNITS[unit.toLowerCase()] ?? Number.NaN)
      if (Number.isSafeInteger(bytes) && bytes >= min) return bytes
      const example = `a size of at least ${min} bytes, such as 512MiB or 2GB`
      ctx.addIssue({ code: 'custom', message: `expected ${example}, got '${text}'` })
      return z.NEVER
    }),

  port: () => option.integer({ min: 0, max: 65535 }),

  /** oslo.config's words, in any letter case. */
  boolean: () =>
    z.string().transform((text, ctx) => {
      const word = text.trim().toLowerCase()
      if (['true', '1', 'on', 'yes'].includes(word)) return true
      if (['false', '0', 'off', 'no'].includes(word)) return false
      ctx.addIssue({ code: 'custom', message: `expected true or false, got '${text}'` })
      return z.NEVER
    }),

  oneOf: <const T extends readonly string[]>(values: T) =>
    z.string().transform((text, ctx): T[number] => {
      const value = values.find((candidate) => candidate === text.trim())
      if (value !== undefined) return value
      ctx.addIssue({ code: 'custom', message: `expected one of ${values.join(', ')}, got '${text}'` })
      return z.NEVER
    }),

  /** Comma-separated; blanks around items are dropped, and empty items too. */
  list: () =>
    z.string().transform((text) =>
      text
        .split(',')
        .map((item) => item.trim())
        .filter((item) => item !== ''),
    ),

  /** `k:v,k:v`. */
  dict: () =>
    z.string().transform((text, ctx): Record<string, string> => {
      const dict: Record<string, string> = {}
      for (const item of text.split(',')) {
        if (item.trim() === '') continue
        const colon = item.indexOf(':')
        if (colon < 1) {
          ctx.addIssue({ code: 'custom', message: `expected key:value pairs, got '${item.trim()}'` })
          return z.NEVER
        }
        dict[item.slice(0, colon).trim()] = item.slice(colon + 1).trim()
      }
      return dict
    }),
}

/** By their names in small letters. */
const BYTE_UNITS: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  kb: 1000,
  mb: 1000 ** 2,
  gb: 1000 ** 3,
  tb: 1000 ** 4,
  kib: 1024,
  mib: 1024 ** 2,
  gib: 1024 ** 3,
  tib: 1024 ** 4,
}

function range(min: number, max: number): string {
  if (min === -Infinity && max === Infinity) return ''
  if (max === Infinity) return ` of at least ${min}`
  return ` from ${min} to ${max}`
}
